/** Does an answer of the page server fit its type? Small check functions that compose into models. */
import { WireError } from "./errors";

/** A check that returns the value as its type. It throws `bad_message` with the place of the mismatch. */
export type Check<T> = (value: unknown, place: string) => T;

const MAX_TEXT = 2000;
const MAX_ITEMS = 200_000;

function refuse(place: string, wanted: string): never {
  throw new WireError("bad_message", `${place || "message"}: ${wanted} expected`);
}

export function text(maxLength: number = MAX_TEXT): Check<string> {
  return (value, place) =>
    typeof value === "string" && value.length <= maxLength ? value : refuse(place, `a text of at most ${maxLength}`);
}

export const flag: Check<boolean> = (value, place) =>
  typeof value === "boolean" ? value : refuse(place, "true or false");

/** Check for a safe integer within limits. */
export function whole(minimum = 0, maximum: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, place) =>
    Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
      ? (value as number)
      : refuse(place, `a whole number from ${minimum} to ${maximum}`);
}

/** Check for a value or null. An absent field counts as null. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, place) => (value === null || value === undefined ? null : check(value, place));
}

/** Check for a field with a default, because older writers leave it out. */
export function orElse<T>(check: Check<T>, absent: T): Check<T> {
  return (value, place) => (value === undefined ? absent : check(value, place));
}

export function list<T>(check: Check<T>, maxItems: number = MAX_ITEMS): Check<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length > maxItems) return refuse(place, `a list of at most ${maxItems}`);
    return value.map((each: unknown, index) => check(each, `${place}[${index}]`));
  };
}

/** Check for an object with these fields. Other fields are ignored. */
export function object<T extends object>(fields: { readonly [K in keyof T]-?: Check<T[K]> }): Check<T> {
  const entries = Object.entries<Check<unknown>>(fields);
  return (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(place, "an object");
    const given = value as Record<string, unknown>;
    const checked: Record<string, unknown> = {};
    for (const [name, check] of entries) checked[name] = check(given[name], place ? `${place}.${name}` : name);
    return checked as T;
  };
}
