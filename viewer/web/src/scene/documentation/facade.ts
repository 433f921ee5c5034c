/** Where is the main plane of a facade? RANSAC over upright planes, refined by total least squares. Pure. */
import type { Vector } from "../framing";
import type { Axes } from "./axes";
import { cross, dot, negated, unit } from "./axes";

export interface Facade {
  readonly axes: Axes;
  /** Whether a plane was found. If not, the axes follow the photographs. */
  readonly isPlane: boolean;
  /** The indices of the points on the plane. */
  readonly onPlane: readonly number[];
}

interface Plane {
  readonly normal: Vector;
  readonly offset: number;
}

interface Refined {
  readonly plane: Plane;
  /** The indices of the points on it. */
  readonly near: readonly number[];
}

const TRIES = 1200;
/** How far a point may lie from the plane, as a share of the object's radius. */
const TOLERANCE = 0.004;
const LEAST_SHARE = 0.06;
/** A facade may lean, but not by more than some 15 degrees. */
const MOST_LEAN = 0.26;
const REFINEMENTS = 6;
const SCORED = 4000;

/**
 * Find the axes of a facade among points of an object, (N, 3) in a row, whose vertical direction is known.
 *
 * Two points and the vertical direction, or three points, make a hypothesis; MSAC scores it (Torr and Zisserman, 2000). The winner is
 * refined by the principal axes of the points near it, within a tolerance that shrinks to three median deviations.
 * `viewing` is the mean direction in which the photographers looked; null when they stood around the object.
 */
export function facadeOf(points: Float32Array, up: Vector, viewing: Vector | null): Facade | null {
  const count = points.length / 3;
  const centre = medianPoint(points);
  const vertical = unit(up);
  if (count < 3 || !vertical) return null;
  const radius = medianDistance(points, centre) * 1.5;
  const found = bestPlane(points, vertical, viewing, TOLERANCE * radius);
  const refined = found && refine(points, found, TOLERANCE * radius);
  const isPlane =
    refined !== null && refined.near.length > LEAST_SHARE * count && isUpright(refined.plane.normal, vertical);
  const normal = isPlane ? refined.plane.normal : levelled(viewing, vertical);
  const isAway = viewing ? dot(normal, viewing) > 0 : isPlane && isBodyAhead(points, refined, vertical);
  const toward = isAway ? negated(normal) : normal;
  const right = unit(cross(vertical, toward));
  if (!right) return null;
  const origin = isPlane ? onto(refined.plane, centre) : centre;
  return {
    axes: { origin, right, up: cross(toward, right), toward },
    isPlane,
    onPlane: isPlane ? refined.near : [],
  };
}

function isUpright(normal: Vector, vertical: Vector): boolean {
  return Math.abs(dot(normal, vertical)) < MOST_LEAN;
}

function bestPlane(points: Float32Array, vertical: Vector, viewing: Vector | null, tolerance: number): Plane | null {
  const count = points.length / 3;
  const random = randomly(7);
  const stride = Math.max(1, Math.floor(count / SCORED));
  const drawn = (): Vector => pointAt(points, Math.floor(random() * count));
  let best: Plane | null = null;
  let least = Infinity;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const one = drawn();
    // Upright planes through two points are found soonest; those through three points may lean.
    const second = attempt % 2 === 0 ? vertical : difference(drawn(), one);
    const normal = unit(cross(difference(drawn(), one), second));
    if (!normal || !isUpright(normal, vertical) || !isFaced(normal, viewing)) continue;
    const plane = { normal, offset: dot(normal, one) };
    const score = scoreOf(points, plane, tolerance, stride);
    if (score < least) [best, least] = [plane, score];
  }
  return best;
}

/** Whether the photographers looked at the plane from at most 60 degrees beside it. */
function isFaced(normal: Vector, viewing: Vector | null): boolean {
  return !viewing || Math.abs(dot(normal, viewing)) > 0.5;
}

function difference([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [a - d, b - e, c - f];
}

/** The sum of squared distances, each at most the squared tolerance. */
function scoreOf(
  points: Float32Array,
  { normal: [a, b, c], offset }: Plane,
  tolerance: number,
  stride: number,
): number {
  const most = tolerance * tolerance;
  let sum = 0;
  for (let at = 0; at + 2 < points.length; at += 3 * stride) {
    const distance = a * (points[at] ?? 0) + b * (points[at + 1] ?? 0) + c * (points[at + 2] ?? 0) - offset;
    sum += Math.min(most, distance * distance);
  }
  return sum;
}

function refine(points: Float32Array, first: Plane, tolerance: number): Refined | null {
  let plane = first;
  let reach = tolerance;
  for (let step = 0; step < REFINEMENTS; step += 1) {
    const near = nearby(points, plane, reach);
    if (near.length < 3) return null;
    plane = fitted(points, near);
    const deviations = near
      .map((index) => Math.abs(dot(plane.normal, pointAt(points, index)) - plane.offset))
      .sort(byValue);
    reach = Math.min(tolerance, Math.max(tolerance / 8, 3 * 1.4826 * (deviations[deviations.length >> 1] ?? 0)));
  }
  return { plane, near: nearby(points, plane, reach) };
}

function nearby(points: Float32Array, { normal, offset }: Plane, reach: number): number[] {
  const near: number[] = [];
  for (let index = 0; 3 * index + 2 < points.length; index += 1)
    if (Math.abs(dot(normal, pointAt(points, index)) - offset) <= reach) near.push(index);
  return near;
}

/** The plane through the mean whose normal is the direction of least variance. */
function fitted(points: Float32Array, near: readonly number[]): Plane {
  const mean = [0, 0, 0];
  for (const index of near)
    pointAt(points, index).forEach((value, axis) => (mean[axis] = (mean[axis] ?? 0) + value / near.length));
  const middle: Vector = [mean[0] ?? 0, mean[1] ?? 0, mean[2] ?? 0];
  let [xx, xy, xz, yy, yz, zz] = [0, 0, 0, 0, 0, 0];
  for (const index of near) {
    const point = pointAt(points, index);
    const [x, y, z] = [point[0] - middle[0], point[1] - middle[1], point[2] - middle[2]];
    xx += x * x;
    xy += x * y;
    xz += x * z;
    yy += y * y;
    yz += y * z;
    zz += z * z;
  }
  const normal = leastAxis([
    [xx, xy, xz],
    [xy, yy, yz],
    [xz, yz, zz],
  ]);
  return { normal, offset: dot(normal, middle) };
}

/** The eigenvector of the smallest eigenvalue of a symmetric matrix, by Jacobi rotations. */
function leastAxis(symmetric: readonly Vector[]): Vector {
  const a = symmetric.map((row) => [...row]);
  const vectors = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const get = (matrix: number[][], row: number, column: number): number => matrix[row]?.[column] ?? 0;
  const turn = (matrix: number[][], row: number, column: number, value: number): void => {
    const line = matrix[row];
    if (line) line[column] = value;
  };
  for (let sweep = 0; sweep < 24; sweep += 1)
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      if (Math.abs(get(a, p, q)) < 1e-300) continue;
      const theta = 0.5 * Math.atan2(2 * get(a, p, q), get(a, q, q) - get(a, p, p));
      const [c, s] = [Math.cos(theta), Math.sin(theta)];
      for (let k = 0; k < 3; k += 1) {
        const [kp, kq] = [get(a, k, p), get(a, k, q)];
        turn(a, k, p, c * kp - s * kq);
        turn(a, k, q, s * kp + c * kq);
      }
      for (let k = 0; k < 3; k += 1) {
        const [pk, qk] = [get(a, p, k), get(a, q, k)];
        turn(a, p, k, c * pk - s * qk);
        turn(a, q, k, s * pk + c * qk);
        const [vp, vq] = [get(vectors, k, p), get(vectors, k, q)];
        turn(vectors, k, p, c * vp - s * vq);
        turn(vectors, k, q, s * vp + c * vq);
      }
    }
  const least = [0, 1, 2].reduce((best, each) => (get(a, each, each) < get(a, best, best) ? each : best), 0);
  return unit([get(vectors, 0, least), get(vectors, 1, least), get(vectors, 2, least)]) ?? [0, 0, 1];
}

/** The horizontal direction against which the photographers looked, or any horizontal one. */
function levelled(viewing: Vector | null, vertical: Vector): Vector {
  const from = viewing ?? (Math.abs(vertical[0]) < 0.9 ? ([1, 0, 0] as Vector) : ([0, 0, 1] as Vector));
  const part = dot(from, vertical);
  const level = unit([from[0] - part * vertical[0], from[1] - part * vertical[1], from[2] - part * vertical[2]]);
  return level ?? unit(cross(vertical, [vertical[1], vertical[2], vertical[0]])) ?? [0, 0, 1];
}

/** Whether more of the object lies on the normal's side of the plane. The ground, below a fifth of it, does not count. */
function isBodyAhead(points: Float32Array, { near, plane }: Refined, vertical: Vector): boolean {
  const heights = near.map((index) => dot(vertical, pointAt(points, index))).sort(byValue);
  const foot = heights[Math.floor(0.2 * heights.length)] ?? 0;
  const onPlane = new Set(near);
  let ahead = 0;
  for (let index = 0; 3 * index + 2 < points.length; index += 1) {
    const point = pointAt(points, index);
    if (!onPlane.has(index) && dot(vertical, point) > foot) ahead += dot(plane.normal, point) > plane.offset ? 1 : -1;
  }
  return ahead > 0;
}

function onto({ normal, offset }: Plane, point: Vector): Vector {
  const distance = dot(normal, point) - offset;
  return [point[0] - distance * normal[0], point[1] - distance * normal[1], point[2] - distance * normal[2]];
}

function medianPoint(points: Float32Array): Vector {
  const middle = (axis: number): number => {
    const row = new Float32Array(points.length / 3).map((_, index) => points[3 * index + axis] ?? 0).sort();
    return row[row.length >> 1] ?? 0;
  };
  return [middle(0), middle(1), middle(2)];
}

function medianDistance(points: Float32Array, centre: Vector): number {
  const row = new Float32Array(points.length / 3).map((_, index) => {
    const [x, y, z] = pointAt(points, index);
    return Math.hypot(x - centre[0], y - centre[1], z - centre[2]);
  });
  row.sort();
  return row[row.length >> 1] ?? 0;
}

function pointAt(points: Float32Array, index: number): Vector {
  return [points[3 * index] ?? 0, points[3 * index + 1] ?? 0, points[3 * index + 2] ?? 0];
}

function byValue(one: number, other: number): number {
  return one - other;
}

/** Numbers in [0, 1) that are the same at each run (mulberry32). */
function randomly(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
