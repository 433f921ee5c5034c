/** Where does something farther shine through between points? Those pixels get the colour of what is around them. Pure. */

/** The pixels of a drawing, row by row. */
export interface DepthImage {
  /** 4 bytes a pixel; alpha 0: no point. */
  readonly rgba: Uint8ClampedArray;
  /** How near each pixel is, in pixels of the drawing, growing towards who looks. */
  readonly nearness: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** A pixel this much farther than those around, in pixels, is behind them. */
const BEHIND_PX = 5;
const REACH = 2;
/** Of the 24 pixels around. The corner of a right-angled opening has 16 nearer ones and stays. */
const LEAST_NEARER = 17;
const LEAST_OF_FOUR = 2;
/** So many gaps are filled in a step. */
const STEP = 4000;

/**
 * Fill pixels that most of the pixels around cover: empty ones, and ones of a surface far behind.
 *
 * Straight edges and corners of openings stay where they are; an opening of up to two pixels closes. The steps yield
 * after each row of pixels.
 */
export function* fillGaps(image: DepthImage, passes: number): Generator<void, void> {
  for (let pass = 0; pass < passes; pass += 1) {
    const found = yield* gapsOf(image);
    for (let each = 0; each < found.length; each += 5) {
      const at = found[each] ?? 0;
      image.rgba.set([found[each + 1] ?? 0, found[each + 2] ?? 0, found[each + 3] ?? 0, 255], 4 * at);
      image.nearness[at] = found[each + 4] ?? 0;
      if (each % (5 * STEP) === 0) yield;
    }
    if (found.length === 0) return;
  }
}

/** The gaps in a row: index, red, green, blue and nearness. */
function* gapsOf({ height, nearness, rgba, width }: DepthImage): Generator<void, number[]> {
  const found: number[] = [];
  const depthAt = (at: number): number => (rgba[4 * at + 3] === 0 ? -Infinity : (nearness[at] ?? 0));
  for (let y = REACH; y < height - REACH; y += 1) {
    for (let x = REACH; x < width - REACH; x += 1) {
      const at = y * width + x;
      const limit = depthAt(at) + BEHIND_PX;
      let nearerSides = 0;
      for (const side of [at - 1, at + 1, at - width, at + width]) if (depthAt(side) > limit) nearerSides += 1;
      // A pixel within a larger hole has none beside it, and is reached by a later pass.
      if (nearerSides < LEAST_OF_FOUR) continue;
      let [count, red, green, blue, depth] = [0, 0, 0, 0, 0];
      for (let dy = -REACH; dy <= REACH; dy += 1)
        for (let dx = -REACH; dx <= REACH; dx += 1) {
          const other = at + dy * width + dx;
          if (depthAt(other) <= limit) continue;
          count += 1;
          red += rgba[4 * other] ?? 0;
          green += rgba[4 * other + 1] ?? 0;
          blue += rgba[4 * other + 2] ?? 0;
          depth += nearness[other] ?? 0;
        }
      if (count >= LEAST_NEARER) found.push(at, red / count, green / count, blue / count, depth / count);
    }
    yield;
  }
  return found;
}
