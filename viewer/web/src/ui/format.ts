/** How are numbers, units, times and versions written? With `Intl`, in the language of the page's words. */
import { UNITS, keptUnit } from "./annotations/units";
import type { Speech } from "./language/language";
import { speech } from "./language/language";
import { t } from "./language/t";

const MILLION = 1e6;

interface Formats {
  readonly speech: Speech;
  readonly short: Intl.NumberFormat;
  readonly threeDigits: Intl.NumberFormat;
  readonly percent: Intl.NumberFormat;
  readonly day: Intl.DateTimeFormat;
  readonly moment: Intl.DateTimeFormat;
  readonly momentOfAnotherYear: Intl.DateTimeFormat;
  readonly clock: Intl.DateTimeFormat;
  /** By the number of decimal places, as they are needed. */
  readonly places: Map<number, Intl.NumberFormat>;
}

let made: Formats | null = null;

/** The formats of the page's language, made once after each change. */
function formats(): Formats {
  if (made?.speech !== speech()) made = formatsOf(speech());
  return made;
}

function formatsOf(spoken: Speech): Formats {
  const { locale } = spoken;
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return {
    speech: spoken,
    short: new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }),
    threeDigits: new Intl.NumberFormat(locale, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }),
    percent: new Intl.NumberFormat(locale, { style: "percent" }),
    day: new Intl.DateTimeFormat(locale, { dateStyle: "long" }),
    moment: new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", ...time }),
    momentOfAnotherYear: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }),
    clock: new Intl.DateTimeFormat(locale, { second: "2-digit", ...time }),
    places: new Map(),
  };
}

export function count(value: number): string {
  return speech().whole.format(value);
}

export function compact(value: number): string {
  return value < 10_000 ? count(value) : formats().short.format(value);
}

/** A short count of points: "1 point", "154.6K points". */
export function points(value: number): string {
  // From a million on, Romance languages say "1,2 M de points", as after a round million.
  return t("points", { count: value < MILLION ? value : MILLION, written: compact(value) });
}

/** The name of a generation for people: "2nd complete version". */
export function versionWords(generation: number): string {
  return t("version", { count: generation });
}

/** The name of a generation and of its additions so far: "2nd complete version, update 3". */
export function updateWords(generation: number, revision: number): string {
  const version = versionWords(generation);
  return revision === 0 ? version : t("version.update", { version, revision });
}

/** A text with a capital at its beginning. */
export function sentenceCase(text: string): string {
  return text.charAt(0).toLocaleUpperCase(speech().locale) + text.slice(1);
}

export function bytes(value: number): string {
  const [size, unit] =
    value < 1000
      ? ([1, "byte"] as const)
      : value < 1e6
        ? ([1e3, "kilobyte"] as const)
        : value < 1e9
          ? ([1e6, "megabyte"] as const)
          : ([1e9, "gigabyte"] as const);
  const scaled = value / size;
  const digits = size > 1 && scaled < 10 ? 1 : 0;
  return new Intl.NumberFormat(speech().locale, {
    style: "unit",
    unit,
    unitDisplay: "short",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(scaled);
}

export function percent(ratio: number): string {
  return formats().percent.format(ratio);
}

/** A small share, such as an error: with as many decimal places as keep it from being nothing. */
export function finePercent(ratio: number): string {
  return `${fixed(100 * ratio, ratio < 0.01 ? 2 : 1)} %`;
}

export function seconds(value: number): string {
  if (value < 1) return `${fixed(1000 * value, 0)} ms`;
  if (value < 59.95) return `${fixed(value, 1)} s`;
  const rounded = Math.round(value);
  return t("minutes", { minutes: Math.floor(rounded / 60), seconds: rounded % 60 });
}

export function date(atMs: number): string {
  return formats().day.format(atMs);
}

/** A moment; its year unless that is this one. */
export function dateAndTime(atMs: number): string {
  const { moment, momentOfAnotherYear } = formats();
  const isOfThisYear = new Date(atMs).getFullYear() === new Date().getFullYear();
  return (isOfThisYear ? moment : momentOfAnotherYear).format(atMs);
}

/** When something in a log happened: the time of today, or a moment of another day. */
export function timeInLog(atMs: number): string {
  const isOfToday = new Date(atMs).toDateString() === new Date().toDateString();
  return isOfToday ? timeOfDay(atMs) : dateAndTime(atMs);
}

export function timeOfDay(atMs: number): string {
  return formats().clock.format(atMs);
}

/** A length in the world: a bare number until a scale is set, then in the unit of this device, or in mm, cm or m as fits. */
export function length(value: number, metresPerUnit: number | null): string {
  if (metresPerUnit === null) return t("length.no_scale", { value: formats().threeDigits.format(value) });
  const metres = value * metresPerUnit;
  const unit = keptUnit();
  if (unit !== "m") {
    const each = metres / UNITS[unit].metres;
    return `${digits(each, each < 0.1 ? 4 : UNITS[unit].places)} ${unit}`;
  }
  if (metres < 0.01) return `${digits(1000 * metres, 1)} mm`;
  return metres < 1 ? `${digits(100 * metres, 1)} cm` : `${digits(metres, 2)} m`;
}

/** A number with this many decimal places; a whole number has none. */
function digits(value: number, places: number): string {
  return Math.abs(value - Math.round(value)) < 1e-9 ? count(Math.round(value)) : fixed(value, places);
}

/** A number with this many decimal places. */
export function fixed(value: number, places: number): string {
  const { places: known, speech: spoken } = formats();
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  const format = known.get(places) ?? new Intl.NumberFormat(spoken.locale, digits);
  known.set(places, format);
  return format.format(value);
}
