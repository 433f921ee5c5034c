/** How is a sentence written in the page's language? By its key in the table, with values for the names in braces. */
import type { Speech } from "./language";
import { speech } from "./language";
import type { Key, Phrase, Plural, Values } from "./table";

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

/** The sentence for a code on the wire, where the page has one; otherwise the sentence that came with it. */
export function reasonWords(code: string | null, reason: string | null): string {
  const key = `reason.${code ?? ""}`;
  if (key in speech().table) return t(key as Key & `reason.${string}`);
  return reason ?? t("reason.none");
}

function textOf(phrase: Phrase, count: number, { cardinals, ordinals }: Speech): string {
  if (typeof phrase === "string") return phrase;
  if ("ordinal" in phrase) return form(phrase.ordinal, ordinals.select(count));
  return form(phrase, cardinals.select(count));
}

function form(forms: Plural, rule: Intl.LDMLPluralRule): string {
  return forms[rule] ?? forms.other;
}
