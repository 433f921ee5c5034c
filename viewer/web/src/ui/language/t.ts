/** How is a sentence written in the page's language? By its key in the table, with values for the names in braces. */
import { WireError, sentenceOf } from "../../wire/errors";
import type { Speech } from "./language";
import { speech } from "./language";
import type { Key, Phrase, PlainKey, Plural, Values } from "./table";

/** A sentence of the page. Numbers are written as the language writes them; `count` selects the plural form. */
export function t<K extends Key>(
  key: K,
  ...[values]: keyof Values<K> extends never ? [] : [values: Values<K>]
): string {
  const spoken = speech();
  const given: Readonly<Record<string, string | number>> = values ?? {};
  return textOf(spoken.table[key], Number(given["count"]), spoken).replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = given[name] ?? "";
    return typeof value === "number" ? spoken.whole.format(value) : value;
  });
}

/** Whether the table has a text without values for this key. */
export function isKey(key: string): key is PlainKey {
  return key in speech().table;
}

/** The sentence for a code on the wire, in the page's language; the English one that came with it says more. */
export function reasonWords(code: string | null, reason: string | null): string {
  const key = `reason.${code ?? ""}`;
  if (reason !== null && (speech().language === "en" || !isKey(key))) return reason;
  return t(isKey(key) ? key : "reason.none");
}

/** What went wrong, as a sentence in the page's language. */
export function errorWords(thrown: unknown): string {
  return thrown instanceof WireError ? reasonWords(thrown.code, thrown.message) : sentenceOf(thrown);
}

function textOf(phrase: Phrase, count: number, { cardinals, ordinals }: Speech): string {
  if (typeof phrase === "string") return phrase;
  if ("ordinal" in phrase) return form(phrase.ordinal, ordinals.select(count));
  return form(phrase, cardinals.select(count));
}

function form(forms: Plural, rule: Intl.LDMLPluralRule): string {
  return forms[rule] ?? forms.other;
}
