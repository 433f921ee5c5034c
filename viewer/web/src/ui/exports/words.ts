/** How does the export dialog speak? From a table of its own, which comes with the dialog and not with the page. */
import { speech } from "../language/language";
import { OwnTable } from "../language/own-table";
import { reasonWords } from "../language/t";
import type { ExportKey, ExportWords } from "../language/exports/en";
import { ENGLISH_EXPORTS } from "../language/exports/en";

const table = new OwnTable<ExportWords>(ENGLISH_EXPORTS, {
  de: async () => (await import("../language/exports/de")).GERMAN_EXPORTS,
  es: async () => (await import("../language/exports/es")).SPANISH_EXPORTS,
  fr: async () => (await import("../language/exports/fr")).FRENCH_EXPORTS,
  it: async () => (await import("../language/exports/it")).ITALIAN_EXPORTS,
});

/** Load the table of the page's language. */
export async function loadExportWords(): Promise<void> {
  await table.load();
}

/** A sentence of the dialog, with values for the names in braces. */
export function say(key: ExportKey, values: Readonly<Record<string, string>> = {}): string {
  return table.words[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

export function stageOf(stage: string): string {
  const key = `stage.${stage}`;
  return say(isExportKey(key) ? key : "stage.other");
}

/** Refusals whose English reason says more than the table. */
const IN_ENGLISH: readonly string[] = ["export_under_way", "nothing_to_export"];

/** Why an export was refused. */
export function refusalWords(code: string | null, reason: string | null): string {
  const key = `refused.${code ?? ""}`;
  if (isExportKey(key) && (speech().language !== "en" || !IN_ENGLISH.includes(code ?? ""))) return say(key);
  return say("refused.other", { reason: reasonWords(code, reason) });
}

function isExportKey(key: string): key is ExportKey {
  return Object.hasOwn(table.words, key);
}
