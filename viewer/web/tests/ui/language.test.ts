import { afterEach, describe, expect, it } from "vitest";

import { ENGLISH } from "../../src/ui/language/en";
import type { Language, Speech } from "../../src/ui/language/language";
import { LANGUAGES, chosenFrom, onLanguage, speech, useLanguage } from "../../src/ui/language/language";
import { reasonWords, t } from "../../src/ui/language/t";
import type { Phrase, Plural } from "../../src/ui/language/table";
import { bytes, count, length, percent, points, seconds, versionWords } from "../../src/ui/format";

const OTHERS = LANGUAGES.filter((language) => language !== "en");
const NARROW_SPACE = "\u202f";

async function speak(language: Language, locale: string = language): Promise<Speech> {
  await useLanguage(language, [locale]);
  return speech();
}

function formsOf(phrase: Phrase): Plural {
  if (typeof phrase === "string") return { other: phrase };
  return "ordinal" in phrase ? phrase.ordinal : phrase;
}

function textsOf(phrase: Phrase): string[] {
  return Object.values(formsOf(phrase));
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
}

/** The plural forms that some whole number needs. */
function rulesOf(language: Language, type: Intl.PluralRuleType): Set<Intl.LDMLPluralRule> {
  const rules = new Intl.PluralRules(language, { type });
  return new Set([...Array(1000).keys(), 1_000_000].map((number) => rules.select(number)));
}

afterEach(() => speak("en"));

describe.each(OTHERS)("the table of %s", (language) => {
  it("has the keys of the English table, in its order", async () => {
    expect(Object.keys((await speak(language)).table)).toEqual(Object.keys(ENGLISH));
  });

  it("has in each phrase the values that the English one has", async () => {
    const { table } = await speak(language);
    for (const [key, english] of Object.entries(ENGLISH)) {
      const wanted = new Set(textsOf(english).flatMap(namesIn));
      for (const text of textsOf(table[key as keyof typeof ENGLISH]))
        expect([key, new Set([...namesIn(text), ...("other" in Object(english) ? ["count"] : [])])]).toEqual([
          key,
          new Set([...wanted, ...("other" in Object(english) ? ["count"] : [])]),
        ]);
    }
  });

  it("has every plural form that its language needs", async () => {
    const { table } = await speak(language);
    for (const [key, phrase] of Object.entries(table) as [string, Phrase][]) {
      if (typeof phrase === "string" || "ordinal" in phrase) continue;
      expect([key, ...Object.keys(phrase).sort()]).toEqual([key, ...[...rulesOf(language, "cardinal")].sort()]);
    }
  });

  it("has no empty text and none with stray spaces", async () => {
    for (const phrase of Object.values((await speak(language)).table) as Phrase[])
      for (const text of textsOf(phrase)) expect(text).toMatch(/^\S(?:.*\S)?$/u);
  });
});

describe("a French sentence", () => {
  it("has a narrow no-break space before its double signs", async () => {
    for (const phrase of Object.values((await speak("fr")).table) as Phrase[])
      for (const text of textsOf(phrase)) {
        expect(text).not.toMatch(/[ \u00a0][;:!?»]|« /u);
        expect(text).not.toMatch(/\p{L}[;!?»]/u);
      }
    expect(t("notice.no_project", { project: "x" })).toContain(`${NARROW_SPACE}: «${NARROW_SPACE}x${NARROW_SPACE}»`);
  });
});

describe("the language of the page", () => {
  it("is the first of the browser's languages that the page has", () => {
    expect(chosenFrom(["de-AT", "en"])).toBe("de");
    expect(chosenFrom(["pt-BR", "FR-ca", "en"])).toBe("fr");
    expect(chosenFrom(["pt", "ja"])).toBe("en");
    expect(chosenFrom([])).toBe("en");
  });

  it("tells its elements when it changes, and only as long as they listen", async () => {
    const heard: string[] = [];
    const end = onLanguage(() => heard.push(speech().language));
    await speak("it");
    end();
    await speak("de");
    expect(heard).toEqual(["it"]);
  });

  it("is the one that was chosen last, whichever table comes first", async () => {
    const slow = useLanguage("es", []);
    const last = useLanguage("en", []);
    await Promise.all([slow, last]);
    expect(speech().language).toBe("en");
  });
});

describe("a number", () => {
  it("is written as the person's language and region write it", async () => {
    await speak("de");
    expect([count(58049), percent(0.64), seconds(1.25), length(2.4, 1), bytes(1_234_567)]).toEqual([
      "58.049",
      "64\u00a0%",
      "1,3 s",
      "2,40 m",
      "1,2 MB",
    ]);
    await speak("de", "de-CH");
    expect(count(58049)).toMatch(/^58[’']049$/u);
    await speak("fr");
    expect([count(58049), bytes(1_234_567)]).toEqual([`58${NARROW_SPACE}049`, `1,2${NARROW_SPACE}Mo`]);
  });

  it("has its noun in the singular or in the plural of each language", async () => {
    const counted = async (language: Language): Promise<string[]> => {
      await speak(language);
      return [0, 1, 2].map((number) => t("photos", { count: number }));
    };
    expect(await counted("en")).toEqual(["0 photos", "1 photo", "2 photos"]);
    expect(await counted("de")).toEqual(["0 Fotos", "1 Foto", "2 Fotos"]);
    expect(await counted("fr")).toEqual(["0 photo", "1 photo", "2 photos"]);
    expect(points(1_200_000)).toMatch(/^1,2\sM de points$/u);
    expect([1, 2].map(versionWords)).toEqual(["1re version complète", "2e version complète"]);
  });
});

describe("a reason with a code", () => {
  it("is translated where the table has the code, and otherwise as it came", () => {
    expect(reasonWords("of_another_program", "Too dark.")).toBe("Too dark.");
    expect(reasonWords(null, null)).toBe("no reason given");
  });

  it.each(["packet_too_large", "unknown_schema", "unreadable_file"])("has a sentence for %s", async (code) => {
    await speak("de");
    expect(reasonWords(code, "It fails.")).not.toBe("It fails.");
  });
});
