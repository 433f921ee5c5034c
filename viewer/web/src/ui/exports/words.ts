/** How does the export dialog speak? From a table of its own, which comes with the dialog and not with the page. */
import type { Language } from "../language/language";
import { speech } from "../language/language";
import { reasonWords } from "../language/t";
import type { ExportKey, ExportWords } from "../language/exports/en";
import { ENGLISH_EXPORTS } from "../language/exports/en";

const LOADERS: Readonly<Record<Language, () => Promise<ExportWords>>> = {
  en: () => Promise.resolve(ENGLISH_EXPORTS),
  de: async () => (await import("../language/exports/de")).GERMAN_EXPORTS,
  es: async () => (await import("../language/exports/es")).SPANISH_EXPORTS,
  fr: async () => (await import("../language/exports/fr")).FRENCH_EXPORTS,
  it: async () => (await import("../language/exports/it")).ITALIAN_EXPORTS,
};

let table: ExportWords = ENGLISH_EXPORTS;

/** Load the page's language; without its file the words stay as they are. */
export async function loadExportWords(): Promise<void> {
  try {
    table = await LOADERS[speech().language]();
  } catch {
    // the words of another language are better than none
  }
}

/** A sentence of the dialog, with values for the names in braces. */
export function say(key: ExportKey, values: Readonly<Record<string, string>> = {}): string {
  return table[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

export function stageOf(stage: string): string {
  const key = `stage.${stage}`;
  return say(isExportKey(key) ? key : "stage.other");
}

/** Why an export was refused; the English reason says more than the table. */
export function refusalWords(code: string | null, reason: string | null): string {
  const key = `refused.${code ?? ""}`;
  if (isExportKey(key) && (speech().language !== "en" || code !== "export_under_way")) return say(key);
  return say("refused.other", { reason: reasonWords(code, reason) });
}

function isExportKey(key: string): key is ExportKey {
  return Object.hasOwn(table, key);
}
