import { afterEach, describe, expect, it } from "vitest";

import { figuresOf } from "../../../src/scene/annotations/geometry";
import type { AnnotationWords } from "../../../src/ui/language/annotations/en";
import { ENGLISH_ANNOTATIONS } from "../../../src/ui/language/annotations/en";
import { FRENCH_ANNOTATIONS } from "../../../src/ui/language/annotations/fr";
import { GERMAN_ANNOTATIONS } from "../../../src/ui/language/annotations/de";
import { ITALIAN_ANNOTATIONS } from "../../../src/ui/language/annotations/it";
import { SPANISH_ANNOTATIONS } from "../../../src/ui/language/annotations/es";
import { lengthWords, loadWords, mainFigure, w } from "../../../src/ui/annotations/words";
import { useLanguage } from "../../../src/ui/language/language";

const TABLES = { GERMAN_ANNOTATIONS, SPANISH_ANNOTATIONS, FRENCH_ANNOTATIONS, ITALIAN_ANNOTATIONS };
const KEYS = Object.keys(ENGLISH_ANNOTATIONS) as (keyof AnnotationWords)[];

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
}

afterEach(async () => {
  await useLanguage("en", ["en"]);
  await loadWords();
});

describe.each(Object.entries(TABLES))("%s", (_, table) => {
  it("has every sentence, with the same values", () => {
    expect(Object.keys(table).sort()).toEqual([...KEYS].sort());
    for (const key of KEYS) {
      expect(table[key]).not.toBe("");
      expect(namesIn(table[key])).toEqual(namesIn(ENGLISH_ANNOTATIONS[key]));
    }
  });
});

it("French has a narrow no-break space before its double signs", () => {
  for (const key of KEYS) expect(FRENCH_ANNOTATIONS[key]).not.toMatch(/[ \u00a0][;:!?»]|« |\p{L}[;!?»]/u);
});

describe("figures in words", () => {
  it("have the unit of one's choice once a scale is set", () => {
    expect((["m", "cm", "mm", "ft"] as const).map((unit) => lengthWords(1.524, 1, unit))).toEqual([
      "1.524 m",
      "152.4 cm",
      "1,524 mm",
      "5.00 ft",
    ]);
    const square = figuresOf("area", [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [0, 0, 1]); // prettier-ignore
    const doubled = { metresPerUnit: 2, up: null };
    expect([mainFigure(square, doubled, "m"), mainFigure(square, doubled, "cm")]).toEqual(["4.000 m²", "40,000.0 cm²"]);
  });

  it("mark a height as an estimate where up is not known", () => {
    const points = [[0, 0, 0], [3, 0, 4]] as const; // prettier-ignore
    const height = figuresOf("height", points, [0, 0, 1]);
    const [known, unknown] = [{ metresPerUnit: 1, up: [0, 0, 1] } as const, { metresPerUnit: 1, up: null }];
    expect([mainFigure(height, known, "m"), mainFigure(height, unknown, "m")]).toEqual(["4.000 m", "≈ 4.000 m"]);
    expect(mainFigure(figuresOf("distance", points, [0, 0, 1]), unknown, "m")).toBe("5.000 m");
  });

  it("never have metres before that", () => {
    expect(lengthWords(1.5, null, "cm")).toBe("1.500 units");
  });

  it("are in the page's language", async () => {
    await useLanguage("de", ["de"]);
    await loadWords();
    expect([w("distance"), lengthWords(1.5, null, "m")]).toEqual(["Strecke", "1,500 Einheiten"]);
  });
});
