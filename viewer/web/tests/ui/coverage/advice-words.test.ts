/** Is advice a whole sentence in every language? */
import { describe, expect, it } from "vitest";

import { distanceWords, generalWords, placeWords, whyWords } from "../../../src/ui/coverage/advice-words";
import { filled, textsOf } from "../../../src/ui/coverage/texts";
import { LANGUAGES } from "../../../src/ui/language/language";
import type { Advice } from "../../../src/wire/contract";
import { goldenJson } from "../../golden";

interface Golden {
  readonly valid: readonly { readonly read: Advice }[];
}

const [full] = (goldenJson("messages/advice.json") as Golden).valid;
const [place] = full?.read.places ?? [];
if (!full || !place) throw new Error("the golden file has no place");
const advice = full.read;

describe("a place", () => {
  it("is told in steps and degrees from a photograph", () => {
    expect(placeWords(place, null, textsOf("en"))).toBe(
      "Take three photographs, one step apart, 2 steps to the left of photograph 14 and 2 steps closer than photograph 14, turn 25° to the right, aim 15° lower.",
    );
  });

  it("is told in metres once the scale is known", () => {
    expect(placeWords(place, 2, textsOf("en"))).toContain("1.36 m to the left of photograph 14");
    expect(placeWords(place, 2, textsOf("en"))).toContain("photographs, 90 cm apart, ");
    expect(distanceWords(20, 0.5, null, textsOf("en"))).toBe("20 steps");
    expect(distanceWords(0.2, 0.5, null, textsOf("en"))).toBe("one step");
  });

  it("is rounded as at the rig, also where a step has no exact length", () => {
    const inexact = { ...place, step: 0.47, steps_right: 2.5 }; // 2.5 * 0.47 / 0.47 is less than 2.5
    expect(placeWords(inexact, null, textsOf("en"))).toContain(", 3 steps to the right");
  });

  it("is not told of less than half a step", () => {
    const near = { ...place, steps_right: -0.49, steps_ahead: 0.3 };
    expect(placeWords(near, null, textsOf("en"))).toContain("apart, from the place of photograph 14, turn");
  });

  it("has a reason, also for a code of a later version", () => {
    expect(whyWords(place, textsOf("en"))).toBe("Too few photographs see this place");
    expect(whyWords({ ...place, code: "toString" }, textsOf("en"))).toBe("More photographs are needed here");
  });
});

describe.each(LANGUAGES)("%s", (language) => {
  const texts = textsOf(language);

  it("leaves no name in braces", () => {
    const still = { ...place, steps_right: 0, steps_ahead: 0, steps_up: 1, turn_right_deg: -40, tilt_up_deg: 20 };
    for (const told of [placeWords(place, null, texts), placeWords(still, 1, texts)]) expect(told).not.toMatch(/[{}]/);
    expect(filled(texts.fromLast, { distance: "2 m", number: 3 })).not.toMatch(/[{}]/);
    expect(filled(texts.marked, { number: 3 }) + filled(texts.show, { number: 3 })).not.toMatch(/[{}]/);
  });

  it("has the names of the English text in each of its texts", () => {
    const names = (value: unknown): string[] =>
      JSON.stringify(value)
        .match(/\{\w+\}/g)
        ?.sort() ?? [];
    for (const [key, english] of Object.entries(textsOf("en")))
      expect(names(texts[key as keyof typeof texts]), key).toEqual(names(english));
  });

  it("says what is known where no place is", () => {
    expect(generalWords(null, texts)).toBe(texts.notYet);
    expect(generalWords({ ...advice, is_dense: false }, texts)).toBe(texts.sparse);
    expect(generalWords({ ...advice, is_walk_unfinished: true }, texts)).toBe(texts.walkOn);
    expect(generalWords({ ...advice, is_walk_unfinished: false, places: [] }, texts)).toBe(texts.nothing);
    expect(generalWords({ ...advice, is_walk_unfinished: false }, texts)).toBeNull();
  });
});
