/** How are figures written? In the reader's own language, short. */
const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function count(value: number): string {
  return whole.format(value);
}

export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : short.format(value);
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
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function timeOfDay(atMs: number): string {
  return clock.format(atMs);
}

/** A length of the world: in metres only after somebody set a scale. */
export function length(value: number, metresPerUnit: number | null): string {
  if (metresPerUnit === null) return `${value.toPrecision(3)} world units`;
  const metres = value * metresPerUnit;
  if (metres < 0.01) return `${digits(1000 * metres, 1)} mm`;
  return metres < 1 ? `${digits(100 * metres, 1)} cm` : `${digits(metres, 2)} m`;
}

/** Whole numbers are written as such. */
function digits(value: number, places: number): string {
  return Math.abs(value - Math.round(value)) < 1e-9 ? String(Math.round(value)) : value.toFixed(places);
}
