import { describe, expect, it } from "vitest";

import type { ViewKey } from "../../../src/ui/documentation/words";
import { VIEW_TABLES } from "../../../src/ui/documentation/words";
import { LANGUAGES } from "../../../src/ui/language/language";

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
}

describe.each(LANGUAGES)("the sentences of the views in %s", (language) => {
  it("have the keys of the English ones, in their order, and the same values in braces", () => {
    const table = VIEW_TABLES[language];
    expect(Object.keys(table)).toEqual(Object.keys(VIEW_TABLES.en));
    for (const [key, text] of Object.entries(table))
      expect([key, namesIn(text)]).toEqual([key, namesIn(VIEW_TABLES.en[key as ViewKey])]);
  });
});
