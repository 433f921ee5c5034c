/** How many pixels has a drawing at scale, and in which tiles is it rendered? Pure. */

export const SCALES = [20, 50, 100, 200] as const;
export type Scale = (typeof SCALES)[number];

export const SHEET_DPI = 150;
const INCH_M = 0.0254;
/** What every browser can hold as a canvas. */
const MOST_SIDE_PX = 16_000;
const MOST_PIXELS = 40e6;

/** A drawing at a scale of one to `scale`, rendered by tiles. */
export interface Sheet {
  readonly scale: Scale;
  readonly metresPerPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly tiles: readonly Tile[];
}

/** A part of the sheet in pixels from its upper left corner. */
export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Metres in the world that one pixel of the drawing covers: 8.467 mm at 1:50. */
export function metresPerPx(scale: Scale): number {
  return (scale * INCH_M) / SHEET_DPI;
}

/** Plan a drawing of this size in metres; null when it has too many pixels for a browser. */
export function sheetOf(widthM: number, heightM: number, scale: Scale, tilePx: number): Sheet | null {
  const side = metresPerPx(scale);
  const [widthPx, heightPx] = [Math.ceil(widthM / side), Math.ceil(heightM / side)];
  if (!(widthPx >= 1 && heightPx >= 1)) return null;
  if (Math.max(widthPx, heightPx) > MOST_SIDE_PX || widthPx * heightPx > MOST_PIXELS) return null;
  const tiles: Tile[] = [];
  for (let top = 0; top < heightPx; top += tilePx)
    for (let left = 0; left < widthPx; left += tilePx)
      tiles.push({
        left,
        top,
        width: Math.min(tilePx, widthPx - left),
        height: Math.min(tilePx, heightPx - top),
      });
  return { scale, metresPerPx: side, widthPx, heightPx, tiles };
}

/**
 * Fill single empty pixels between points: those that have colour on at least five of eight sides, `passes` times.
 *
 * A straight edge has colour on three sides, so outlines do not grow. `rgba`: 4 bytes a pixel; alpha 0 is empty.
 */
export function fillGaps(rgba: Uint8ClampedArray, width: number, height: number, passes: number): void {
  const around = [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1];
  for (let pass = 0; pass < passes; pass += 1) {
    const found: number[] = [];
    for (let y = 1; y + 1 < height; y += 1)
      for (let x = 1; x + 1 < width; x += 1) {
        const at = y * width + x;
        if (rgba[4 * at + 3] !== 0) continue;
        const [count, red, green, blue] = meanOf(rgba, at, around);
        if (count >= 5) found.push(at, red, green, blue);
      }
    for (let each = 0; each < found.length; each += 4) {
      const at = 4 * (found[each] ?? 0);
      rgba.set([found[each + 1] ?? 0, found[each + 2] ?? 0, found[each + 3] ?? 0, 255], at);
    }
    if (found.length === 0) return;
  }
}

/** How many of the pixels around have colour, and their mean. */
function meanOf(
  rgba: Uint8ClampedArray,
  at: number,
  around: readonly number[],
): readonly [number, number, number, number] {
  let [count, red, green, blue] = [0, 0, 0, 0];
  for (const step of around) {
    const other = 4 * (at + step);
    if (rgba[other + 3] === 0) continue;
    count += 1;
    red += rgba[other] ?? 0;
    green += rgba[other + 1] ?? 0;
    blue += rgba[other + 2] ?? 0;
  }
  return count === 0 ? [0, 0, 0, 0] : [count, red / count, green / count, blue / count];
}
