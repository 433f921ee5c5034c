/** In which language is the page? In the first of the browser's languages that it has, until the person chooses another. */
import type { Translation } from "./table";
import { ENGLISH } from "./en";

export const LANGUAGES = ["en", "de", "es", "fr", "it"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself. */
export const OWN_NAMES: Readonly<Record<Language, string>> = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  it: "Italiano",
};

const KEY = "cairn.language";

/** English comes with the page. Each other table is a file of its own, loaded when it is needed. */
const LOADERS: Readonly<Record<Language, () => Promise<Translation>>> = {
  en: () => Promise.resolve(ENGLISH),
  de: async () => (await import("./de")).GERMAN,
  es: async () => (await import("./es")).SPANISH,
  fr: async () => (await import("./fr")).FRENCH,
  it: async () => (await import("./it")).ITALIAN,
};

/** A language with everything that `t` needs. */
export interface Speech {
  readonly language: Language;
  /** The language as the person's region writes numbers and dates: "de-AT". */
  readonly locale: string;
  readonly table: Translation;
  readonly whole: Intl.NumberFormat;
  readonly cardinals: Intl.PluralRules;
  readonly ordinals: Intl.PluralRules;
}

const listeners = new Set<() => void>();
let spoken = speechOf("en", "en", ENGLISH);
let wanted: Language = "en";

export function speech(): Speech {
  return spoken;
}

export function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

/** Choose the language of a browser that prefers these: its first one that the page has, or English. */
export function chosenFrom(preferred: readonly string[]): Language {
  return preferred.map(baseOf).find(isLanguage) ?? "en";
}

/** The language that the person chose on this device, or the first of these that the page has. */
export function preferredLanguage(preferred: readonly string[] = navigator.languages): Language {
  const kept = read();
  return isLanguage(kept) ? kept : chosenFrom(preferred);
}

/** Load the language for an element on another page, which may say its own. */
export function useLanguageOfPage(): Promise<boolean> {
  return useLanguage(preferredLanguage([document.documentElement.lang, ...navigator.languages]));
}

/** Load a language and show it. Without its file the page stays as it is, and the answer is false. */
export async function useLanguage(
  language: Language,
  preferred: readonly string[] = navigator.languages,
): Promise<boolean> {
  wanted = language;
  try {
    const table = await LOADERS[language]();
    if (wanted !== language) return true; // another one was chosen meanwhile
    spoken = speechOf(language, preferred.find((tag) => baseOf(tag) === language) ?? language, table);
  } catch {
    return false;
  }
  for (const listener of listeners) listener();
  return true;
}

/** Keep the person's choice on this device. */
export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // A browser that stores nothing asks for its own language again after a reload.
  }
}

/** Call a function after each change of the language. Returns a function that ends this. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function speechOf(language: Language, locale: string, table: Translation): Speech {
  return {
    language,
    locale,
    table,
    whole: new Intl.NumberFormat(locale),
    cardinals: new Intl.PluralRules(language),
    ordinals: new Intl.PluralRules(language, { type: "ordinal" }),
  };
}

function baseOf(tag: string): string {
  return tag.split("-", 1)[0]?.toLowerCase() ?? tag;
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
