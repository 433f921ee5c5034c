/** How are the sentences of the views written? By key, in the page's language, with values for the names in braces. */
import type { Language } from "../language/language";
import { speech } from "../language/language";
import { GERMAN_VIEWS } from "./language/de";
import type { ViewWords } from "./language/en";
import { ENGLISH_VIEWS } from "./language/en";
import { SPANISH_VIEWS } from "./language/es";
import { FRENCH_VIEWS } from "./language/fr";
import { ITALIAN_VIEWS } from "./language/it";

export type ViewKey = keyof ViewWords;

export const VIEW_TABLES: Readonly<Record<Language, ViewWords>> = {
  en: ENGLISH_VIEWS,
  de: GERMAN_VIEWS,
  es: SPANISH_VIEWS,
  fr: FRENCH_VIEWS,
  it: ITALIAN_VIEWS,
};

/** A sentence of the views. Numbers are written as the language writes them. */
export function v(key: ViewKey, values: Readonly<Record<string, string | number>> = {}): string {
  const { language, whole } = speech();
  return VIEW_TABLES[language][key].replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? whole.format(value) : value;
  });
}
