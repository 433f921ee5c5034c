/** Which part of a photograph is in sight? Zooming about a point and moving, within the photograph's edges. Pure. */

/** `scale` 1 shows the whole photograph; `x` and `y` move its middle, in pixels of the screen. */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
const MOST = 8;

/** Zoom by a factor about a point, which is given from the middle of the screen. */
export function zoomed(
  { scale, x, y }: Zoom,
  factor: number,
  at: { readonly x: number; readonly y: number },
  size: Size,
): Zoom {
  const next = Math.min(MOST, Math.max(1, scale * factor));
  const change = next / scale;
  return within({ scale: next, x: at.x - change * (at.x - x), y: at.y - change * (at.y - y) }, size);
}

/** Move by pixels of the screen. */
export function moved({ scale, x, y }: Zoom, by: { readonly x: number; readonly y: number }, size: Size): Zoom {
  return within({ scale, x: x + by.x, y: y + by.y }, size);
}

/** Keep an enlarged photograph over the middle of the screen. `size` is the photograph's at scale 1. */
function within({ scale, x, y }: Zoom, { height, width }: Size): Zoom {
  const [mostX, mostY] = [((scale - 1) * width) / 2, ((scale - 1) * height) / 2];
  return { scale, x: Math.min(mostX, Math.max(-mostX, x)), y: Math.min(mostY, Math.max(-mostY, y)) };
}
