/** In which unit are lengths shown? In the one that was chosen on this device. */
import { rulerOf } from "../../scene/scale";

/** Metres in a unit, and how many decimal places of it are worth reading. */
export const UNITS = {
  m: { metres: 1, places: 3 },
  cm: { metres: 0.01, places: 1 },
  mm: { metres: 0.001, places: 0 },
  ft: { metres: 0.3048, places: 2 },
} as const;
export type Unit = keyof typeof UNITS;

const KEY = "cairn.unit";

/** The unit that this device shows lengths in. */
export function keptUnit(): Unit {
  try {
    const kept = localStorage.getItem(KEY);
    return isUnit(kept) ? kept : "m";
  } catch {
    return "m";
  }
}

export function keepUnit(unit: Unit): void {
  try {
    localStorage.setItem(KEY, unit);
  } catch {
    // A browser that stores nothing shows metres after a reload.
  }
}

export function isUnit(value: unknown): value is Unit {
  return typeof value === "string" && Object.hasOwn(UNITS, value);
}

/** The ruler for a width, as on a map, of a round length in the unit of this device. */
export function unitRuler(metresPerPx: number, mostPx: number): ReturnType<typeof rulerOf> {
  const { metres } = UNITS[keptUnit()];
  const found = rulerOf(metresPerPx / metres, mostPx);
  return found && { metres: found.metres * metres, widthPx: found.widthPx };
}
