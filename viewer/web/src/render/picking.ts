/** Which point is under the pointer? Among the points within a few pixels, the one nearest to the camera. */
import type { Vector } from "../scene/framing";

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const REACH_PX = 9;

/**
 * Pick a point. `clip` is the column-major 4×4 matrix from world to clip space; `place` is in CSS pixels.
 *
 * A linear search over all shown points: 2 M points take some 25 ms, once for each tap.
 */
export function pickPoint(
  clouds: readonly Float32Array[],
  clip: ArrayLike<number>,
  place: Place,
  reachPx = REACH_PX,
): Vector | null {
  const wantedX = (2 * place.x) / place.width - 1;
  const wantedY = 1 - (2 * place.y) / place.height;
  let best: Vector | null = null;
  let nearest = Infinity;
  for (const points of clouds)
    for (let at = 0; at + 2 < points.length; at += 3) {
      const [x, y, z] = [points[at] ?? 0, points[at + 1] ?? 0, points[at + 2] ?? 0];
      const depth = row(clip, 3, x, y, z);
      if (depth <= 0 || depth >= nearest) continue;
      const acrossPx = ((row(clip, 0, x, y, z) / depth - wantedX) * place.width) / 2;
      const downPx = ((row(clip, 1, x, y, z) / depth - wantedY) * place.height) / 2;
      if (acrossPx * acrossPx + downPx * downPx > reachPx * reachPx) continue;
      nearest = depth;
      best = [x, y, z];
    }
  return best;
}

function row(matrix: ArrayLike<number>, at: number, x: number, y: number, z: number): number {
  return (matrix[at] ?? 0) * x + (matrix[at + 4] ?? 0) * y + (matrix[at + 8] ?? 0) * z + (matrix[at + 12] ?? 0);
}
