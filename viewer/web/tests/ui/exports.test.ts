/** The export dialog speaks all languages of the page, and says why something is refused. */
import { afterEach, describe, expect, it } from "vitest";

import { loadExportWords, refusalWords, say, stageOf } from "../../src/ui/exports/words";
import { ENGLISH_EXPORTS } from "../../src/ui/language/exports/en";
import { FRENCH_EXPORTS } from "../../src/ui/language/exports/fr";
import { GERMAN_EXPORTS } from "../../src/ui/language/exports/de";
import { ITALIAN_EXPORTS } from "../../src/ui/language/exports/it";
import { SPANISH_EXPORTS } from "../../src/ui/language/exports/es";
import { useLanguage } from "../../src/ui/language/language";

const namesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

describe("the words of the export dialog", () => {
  afterEach(async () => {
    await useLanguage("en", ["en"]);
    await loadExportWords();
  });

  it.each([
    ["de", GERMAN_EXPORTS],
    ["es", SPANISH_EXPORTS],
    ["fr", FRENCH_EXPORTS],
    ["it", ITALIAN_EXPORTS],
  ] as const)("are complete in %s, with the same values", (_, table) => {
    expect(Object.keys(table)).toEqual(Object.keys(ENGLISH_EXPORTS));
    for (const [key, text] of Object.entries(ENGLISH_EXPORTS)) {
      expect(namesIn(table[key as keyof typeof ENGLISH_EXPORTS]), key).toEqual(namesIn(text));
      expect(table[key as keyof typeof ENGLISH_EXPORTS].trim()).not.toBe("");
    }
  });

  it("follow the language of the page", async () => {
    expect(say("title")).toBe("Export");
    await useLanguage("de", ["de"]);
    await loadExportWords();
    expect(say("title")).toBe("Exportieren");
    expect(say("making", { format: "PLY", stage: stageOf("depth"), percent: "5 %" })).toBe(
      "PLY: misst die Oberflächen, 5 %",
    );
    expect(stageOf("constructor")).toBe("arbeitet");
    expect(refusalWords("export_under_way", "anna exports")).toMatch(/^Ein anderer Export/);
    expect(refusalWords("no_e57", "E57 is not written here: pip install pye57")).toMatch(/LAZ wählen/);
    expect(refusalWords("nothing_to_export", "no points yet")).toMatch(/^Die Punkte für diese Datei fehlen/);
  });

  it("repeat the reason that is known only here", () => {
    expect(refusalWords("export_under_way", "anna exports a ply now")).toBe("Not done: anna exports a ply now");
    expect(refusalWords("export_refused", "no points yet")).toBe("Not done: no points yet");
    expect(refusalWords("nothing_to_export", "no points yet")).toBe("Not done: no points yet");
    expect(refusalWords("exports_off", "reconstructor.export_dir is not set")).toMatch(/^Exports are switched off/);
  });
});
