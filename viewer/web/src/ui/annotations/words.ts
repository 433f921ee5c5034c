/** How are measures and notes put into words? By a table of their own for each language, loaded with the first of them. */
import { count, fixed } from "../format";
import type { AnnotationWords } from "../language/annotations/en";
import { ENGLISH_ANNOTATIONS } from "../language/annotations/en";
import { OwnTable } from "../language/own-table";
import type { Survey } from "../../scene/annotations/files";
import type { Figures } from "../../scene/annotations/geometry";
import type { Unit } from "./units";
import { UNITS } from "./units";

const table = new OwnTable<AnnotationWords>(ENGLISH_ANNOTATIONS, {
  de: async () => (await import("../language/annotations/de")).GERMAN_ANNOTATIONS,
  es: async () => (await import("../language/annotations/es")).SPANISH_ANNOTATIONS,
  fr: async () => (await import("../language/annotations/fr")).FRENCH_ANNOTATIONS,
  it: async () => (await import("../language/annotations/it")).ITALIAN_ANNOTATIONS,
});

/** Load the table of the page's language. */
export async function loadWords(): Promise<void> {
  await table.load();
}

/** A sentence of the table, with values for the names in braces. */
export function w(key: keyof AnnotationWords, values: Readonly<Record<string, string | number>> = {}): string {
  return table.words[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? count(value) : value;
  });
}

type Measured = Pick<Survey, "metresPerUnit" | "up">;

/** The main figure of a measure: its length, height, angle or area. */
export function mainFigure(figures: Figures, { metresPerUnit, up }: Measured, unit: Unit): string {
  const { angleDeg, area, distance, vertical } = figures;
  if (angleDeg !== null) return `${fixed(angleDeg, 1)}°`;
  if (area !== null) return areaWords(area, metresPerUnit, unit);
  if (distance !== null) return lengthWords(distance, metresPerUnit, unit);
  return vertical === null ? "" : heightWords(vertical, { metresPerUnit, up }, unit);
}

/** A height, or a length on the level, with a sign that it is an estimate where up is not known. */
export function heightWords(value: number, { metresPerUnit, up }: Measured, unit: Unit): string {
  return `${up ? "" : "≈ "}${lengthWords(value, metresPerUnit, unit)}`;
}

export function lengthWords(value: number, metresPerUnit: number | null, unit: Unit): string {
  if (metresPerUnit === null) return w("unit_less", { value: fixed(value, 3) });
  const { metres, places } = UNITS[unit];
  return `${fixed((value * metresPerUnit) / metres, places)} ${unit}`;
}

function areaWords(value: number, metresPerUnit: number | null, unit: Unit): string {
  if (metresPerUnit === null) return w("unit_less_area", { value: fixed(value, 3) });
  const { metres, places } = UNITS[unit];
  return `${fixed(value * (metresPerUnit / metres) ** 2, places)} ${unit}²`;
}
