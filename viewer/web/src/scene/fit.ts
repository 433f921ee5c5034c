/** From where does the object just fill a rectangle? The nearest camera that looks in a given direction. Pure. */
import type { Vector } from "./framing";

/** Half the sides of the rectangle about the axis of the camera, as tangents: 1 is 45 degrees. */
export interface HalfSides {
  readonly across: number;
  readonly down: number;
}

/** How points lie in the rectangle: their extent over its sides, and how far their middle is from its middle. */
export interface Fill {
  readonly across: number;
  readonly down: number;
  /** Of the side; the larger of both. */
  readonly offCentre: number;
  readonly isInside: boolean;
}

const MOST_CENTRING_STEPS = 40;
const CENTRING_TOLERANCE = 1e-9; // of the object's extent

/**
 * The camera position. Points and result are in axes of the view: x right, y down, z ahead; (N, 3) in a row.
 *
 * A point lies in the rectangle if |x - cx| <= across (z - cz), and likewise for y. For each axis the tightest points on
 * both sides say how near the camera may come; the farther axis decides.
 */
export function standpoint(points: Float32Array, { across, down }: HalfSides): Vector {
  const z = Math.min(nearest(points, 0, across), nearest(points, 1, down));
  return [centred(points, 0, z), centred(points, 1, z), z];
}

/** How points lie in the rectangle of a camera at the origin of the view's axes. */
export function fillOf(points: Float32Array, { across, down }: HalfSides): Fill {
  const { least: left, most: right } = slopes(points, 0, 0, 0);
  const { least: top, most: bottom } = slopes(points, 1, 0, 0);
  return {
    across: (right - left) / (2 * across),
    down: (bottom - top) / (2 * down),
    offCentre: Math.max(Math.abs(left + right) / (4 * across), Math.abs(top + bottom) / (4 * down)),
    isInside: -left <= across && right <= across && -top <= down && bottom <= down,
  };
}

/** The largest z of a camera that has all points between both sides of an axis. */
function nearest(points: Float32Array, axis: 0 | 1, half: number): number {
  let [high, low] = [-Infinity, Infinity];
  for (let at = 0; at + 2 < points.length; at += 3) {
    const [value, z] = [points[at + axis] ?? 0, points[at + 2] ?? 0];
    high = Math.max(high, value - half * z);
    low = Math.min(low, value + half * z);
  }
  return (low - high) / (2 * half);
}

/**
 * The place along an axis from which the points reach equally far to both sides, by Newton's method within a bracket.
 *
 * As long as the same two points are outermost, one step finds it; a step out of the bracket is replaced by its middle.
 */
function centred(points: Float32Array, axis: 0 | 1, z: number): number {
  let [low, high] = [Infinity, -Infinity];
  for (let at = axis; at < points.length; at += 3) {
    low = Math.min(low, points[at] ?? 0);
    high = Math.max(high, points[at] ?? 0);
  }
  const exact = CENTRING_TOLERANCE * (high - low);
  let place = (low + high) / 2;
  for (let step = 0; step < MOST_CENTRING_STEPS && high - low > exact; step += 1) {
    const { least, leastAhead, most, mostAhead } = slopes(points, axis, place, z);
    const excess = least + most;
    if (excess > 0) low = place;
    else high = place;
    const next = place + excess / (1 / leastAhead + 1 / mostAhead);
    const isBetween = next > low && next < high; // not, where a point lies beside the camera
    if (isBetween && Math.abs(next - place) <= exact) return next;
    place = isBetween ? next : (low + high) / 2;
  }
  return place;
}

interface Slopes {
  readonly least: number;
  readonly most: number;
  /** How far ahead of the camera the two outermost points are. */
  readonly leastAhead: number;
  readonly mostAhead: number;
}

/** The least and the largest tangent of the points along an axis, seen from a camera at `middle` and z. */
function slopes(points: Float32Array, axis: 0 | 1, middle: number, z: number): Slopes {
  let [least, leastAhead, most, mostAhead] = [Infinity, 0, -Infinity, 0];
  for (let at = 0; at + 2 < points.length; at += 3) {
    const ahead = (points[at + 2] ?? 0) - z;
    const slope = ((points[at + axis] ?? 0) - middle) / ahead;
    if (ahead <= 0) return { least: -Infinity, leastAhead: 0, most: Infinity, mostAhead: 0 };
    if (slope < least) [least, leastAhead] = [slope, ahead];
    if (slope > most) [most, mostAhead] = [slope, ahead];
  }
  return { least, leastAhead, most, mostAhead };
}
