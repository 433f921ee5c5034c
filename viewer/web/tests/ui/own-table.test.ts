import { afterEach, expect, it } from "vitest";

import { useLanguage } from "../../src/ui/language/language";
import { OwnTable } from "../../src/ui/language/own-table";

afterEach(async () => {
  await useLanguage("en", []);
});

function waiting(): { table: OwnTable<{ yes: string }>; german: (words: { yes: string }) => void } {
  let german: (words: { yes: string }) => void = () => undefined;
  const table = new OwnTable(
    { yes: "yes" },
    {
      de: () => new Promise((resolve) => (german = resolve)),
      es: () => Promise.reject(new Error("offline")),
      fr: () => Promise.resolve({ yes: "oui" }),
      it: () => Promise.resolve({ yes: "sì" }),
    },
  );
  return {
    table,
    german: (words) => {
      german(words);
    },
  };
}

it("a language that comes late does not take the place of the one chosen since", async () => {
  const { german, table } = waiting();
  await useLanguage("de", []);
  const late = table.load();
  await useLanguage("fr", []);
  await table.load();
  german({ yes: "ja" });
  await late;
  expect(table.words.yes).toBe("oui");
});

it("without its file the words stay, and English comes back", async () => {
  const { table } = waiting();
  await useLanguage("it", []);
  await table.load();
  await useLanguage("es", []);
  await table.load();
  expect(table.words.yes).toBe("sì");
  await useLanguage("en", []);
  await table.load();
  expect(table.words.yes).toBe("yes");
});
