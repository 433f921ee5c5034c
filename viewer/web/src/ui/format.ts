/** How are numbers, units, times and versions written? With `Intl` in one locale, the language of the page's words. */
const LOCALE = "en";
const whole = new Intl.NumberFormat(LOCALE);
const short = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const threeDigits = new Intl.NumberFormat(LOCALE, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const ordinalRules = new Intl.PluralRules(LOCALE, { type: "ordinal" });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "long" });
const moment = new Intl.DateTimeFormat(LOCALE, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const SUFFIXES: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: "st", two: "nd", few: "rd" };
const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"] as const;

export function count(value: number): string {
  return whole.format(value);
}

export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : short.format(value);
}

/** A count with its noun: "1 image", "2 images". */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${value === 1 ? noun : `${noun}s`}`;
}

/** A short count of points: "1 point", "154.6K points". */
export function points(value: number): string {
  return `${compact(value)} ${value === 1 ? "point" : "points"}`;
}

/** An ordinal number: "10th", "22nd". */
export function ordinal(value: number): string {
  return `${count(value)}${SUFFIXES[ordinalRules.select(value)] ?? "th"}`;
}

/** The name of a generation for people: "second complete version". */
export function versionWords(generation: number): string {
  return `${ORDINALS[generation - 1] ?? ordinal(generation)} complete version`;
}

/** The name of a generation and of its additions so far: "second complete version, update 3". */
export function updateWords(generation: number, revision: number): string {
  return revision === 0 ? versionWords(generation) : `${versionWords(generation)}, update ${count(revision)}`;
}

/** A text with a capital at its beginning. */
export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence as the rest of another one. */
export function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const step = value < 1e6 ? ([1e3, "kB"] as const) : value < 1e9 ? ([1e6, "MB"] as const) : ([1e9, "GB"] as const);
  const scaled = value / step[0];
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${step[1]}`;
}

export function percent(ratio: number): string {
  return `${Math.round(100 * ratio)} %`;
}

export function seconds(value: number): string {
  if (value < 1) return `${Math.round(1000 * value)} ms`;
  if (value < 59.95) return `${value.toFixed(1)} s`;
  const rounded = Math.round(value);
  return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
}

export function date(atMs: number): string {
  return day.format(atMs);
}

/** A moment within this year. */
export function dateAndTime(atMs: number): string {
  return moment.format(atMs);
}

export function timeOfDay(atMs: number): string {
  return clock.format(atMs);
}

/** A length in the world: in world units until a scale is set, then in mm, cm or m. */
export function length(value: number, metresPerUnit: number | null): string {
  if (metresPerUnit === null) return `${threeDigits.format(value)} world units`;
  const metres = value * metresPerUnit;
  if (metres < 0.01) return `${digits(1000 * metres, 1)} mm`;
  return metres < 1 ? `${digits(100 * metres, 1)} cm` : `${digits(metres, 2)} m`;
}

/** A number with this many decimal places; a whole number has none. */
function digits(value: number, places: number): string {
  return Math.abs(value - Math.round(value)) < 1e-9 ? String(Math.round(value)) : value.toFixed(places);
}
