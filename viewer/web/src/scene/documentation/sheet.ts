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
