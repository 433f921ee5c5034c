/** How many pixels has a drawing at scale, and in which tiles is it rendered? Pure. */

export const SCALES = [20, 50, 100, 200] as const;
export type Scale = (typeof SCALES)[number];

export const SHEET_DPI = 150;
const INCH_M = 0.0254;
/** Room below the drawing for its caption of two lines and its scale bar, and the width that they need. */
export const CAPTION_PX = 258;
export const CAPTION_WIDTH_PX = 900;
/** What every browser can hold as a canvas. */
const MOST_SIDE_PX = 16_000;
/** Pixels of a canvas with its caption. Four bytes each, and as much again for the depths. */
export const MOST_PIXELS_DESKTOP = 40e6;
/** Safari on phones and tablets holds 4096 × 4096 pixels, and draws larger canvases blank. */
export const MOST_PIXELS_PHONE = 16_777_216;

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

/** Plan a drawing of this size in metres; null when it has too many pixels for this device. */
export function sheetOf(
  [widthM, heightM]: readonly [number, number],
  scale: Scale,
  tilePx: number,
  mostPixels: number,
): Sheet | null {
  const side = metresPerPx(scale);
  const [widthPx, heightPx] = [Math.ceil(widthM / side), Math.ceil(heightM / side)];
  if (!(widthPx >= 1 && heightPx >= 1)) return null;
  if (Math.max(widthPx, heightPx) > MOST_SIDE_PX) return null;
  if (Math.max(widthPx, CAPTION_WIDTH_PX) * (heightPx + CAPTION_PX) > mostPixels) return null;
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

/** The largest scale at which a drawing of this size in metres is not too large; null: there is none. */
export function fittingScale(sizeM: readonly [number, number], mostPixels: number): Scale | null {
  return SCALES.find((scale) => sheetOf(sizeM, scale, MOST_SIDE_PX, mostPixels) !== null) ?? null;
}
