/** What is in the table of a language? A phrase for each key: a text, or one text for each plural form. */
import type { ENGLISH } from "./en";

/** The plural forms of `Intl.PluralRules`; the number that selects one is `count`. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

/** The forms of "1st", "2nd", "3rd". */
export interface Ordinal {
  readonly ordinal: Plural;
}

export type Phrase = string | Plural | Ordinal;

type English = typeof ENGLISH;
export type Key = keyof English;

/** A complete table: the keys of the English one, each with the same kind of phrase. */
export type Translation = {
  readonly [K in Key]: English[K] extends string ? string : English[K] extends Ordinal ? Ordinal : Plural;
};

type Part<Prefix extends string> = Pick<Translation, Extract<Key, `${Prefix}.${string}`>>;

/** The parts of a table that are in files of their own. */
export type Reasons = Part<"reason">;
export type PhotographWords = Part<"photo" | "photos" | "receipt" | "upload">;
export type Figures = Part<"answer" | "asked" | "figures" | "source" | "stage" | "verb">;

type TextsOf<P> = P extends string ? P : P extends { readonly ordinal: infer Forms } ? Forms[keyof Forms] : P[keyof P];
type NamesIn<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
type NamesOf<P> = NamesIn<TextsOf<P>> | (P extends string ? never : "count");

/** The values that a phrase needs, one for each name in braces. */
export type Values<K extends Key> = {
  readonly [Name in NamesOf<English[K]>]: Name extends "count" ? number : string | number;
};

/** The keys of phrases without values. */
export type PlainKey = { [K in Key]: keyof Values<K> extends never ? K : never }[Key];
