/** From where is the whole object visible? Bounds by percentiles and the mean direction of the cameras. Pure. */
import type { CameraEntry, Similarity } from "../wire/contract";
import { moved } from "./similarity";

export type Vector = readonly [number, number, number];

/** The object, in world units: a sphere about it, and points (N, 3) in a row that stand for it. */
export interface Framing {
  readonly center: Vector;
  readonly radius: number;
  readonly samples: Float32Array;
}

/** A young cloud is looked at whole: of a small sample, the outermost 2 % are too few points to tell where it ends. */
const MOST_SAMPLES = 8000;
const TAIL = 0.02;
/** The up direction of the first camera, whose axes are the world's at first. OpenCV's +y points down. */
const FALLBACK_UP: Vector = [0, -1, 0];

/** Frame all but the outermost 2 % on each side of each axis. Outliers must not make the object small on screen. */
export function framingOf(clouds: readonly Float32Array[]): Framing | null {
  const total = clouds.reduce((sum, points) => sum + points.length / 3, 0);
  if (total === 0) return null;
  const stride = Math.max(1, total / MOST_SAMPLES);
  const drawn = drawnPoints(clouds, stride);
  const ranges = [0, 1, 2].map((axis) => rangeOf(drawn, axis));
  const center = ranges.map(([low, high]) => (low + high) / 2) as unknown as Vector;
  const radius = 0.5 * Math.hypot(...ranges.map(([low, high]) => high - low));
  return { center, radius: radius > 0 ? radius : 1, samples: within(drawn, ranges) };
}

/** Transform a framing into another world. */
export function framingIn(similarity: Similarity, { center, radius, samples }: Framing): Framing {
  const carried = new Float32Array(samples.length);
  for (let at = 0; at + 2 < samples.length; at += 3)
    carried.set(moved(similarity, [samples[at] ?? 0, samples[at + 1] ?? 0, samples[at + 2] ?? 0]), at);
  return { center: moved(similarity, center), radius: similarity.scale * radius, samples: carried };
}

/** The up direction, unit length: the given one, else the mean of the leading component's cameras, else the first's. */
export function upOf(given: Vector | null, cameras: readonly CameraEntry[]): Vector {
  if (given) return normalised(given) ?? FALLBACK_UP;
  return normalised(meanColumn(cameras, 1, -1)) ?? FALLBACK_UP;
}

/** The mean viewing direction of the leading component's cameras, unit length; null when they stand around the object. */
export function viewingDirection(cameras: readonly CameraEntry[]): Vector | null {
  const mean = meanColumn(cameras, 2, 1);
  return Math.hypot(...mean) > 0.3 ? normalised(mean) : null;
}

function meanColumn(cameras: readonly CameraEntry[], column: 0 | 1 | 2 | 3, sign: number): Vector {
  const sum = [0, 0, 0];
  let count = 0;
  for (const { component, world_from_camera: pose } of cameras) {
    if (!pose || component > 0) continue;
    count += 1;
    for (const row of [0, 1, 2] as const) sum[row] = (sum[row] ?? 0) + sign * pose[row][column];
  }
  return sum.map((value) => value / Math.max(1, count)) as unknown as Vector;
}

function normalised(vector: Vector): Vector | null {
  const length = Math.hypot(...vector);
  return length > 1e-6 ? (vector.map((value) => value / length) as unknown as Vector) : null;
}

/** Points of all clouds, evenly drawn; the first of every cloud is among them. */
function drawnPoints(clouds: readonly Float32Array[], stride: number): Float32Array {
  const drawn = new Float32Array((MOST_SAMPLES + 2 * clouds.length) * 3);
  let count = 0;
  for (const points of clouds)
    for (let at = 0; at < points.length / 3; at += stride) count = copyPoint(points, 3 * Math.floor(at), drawn, count);
  return drawn.subarray(0, count);
}

/** All but the tails of an axis. Between two points as in numpy: of few points, each one more changes the view. */
function rangeOf(points: Float32Array, axis: number): readonly [number, number] {
  const sorted = new Float32Array(points.length / 3);
  for (let at = axis, row = 0; row < sorted.length; at += 3, row += 1) sorted[row] = points[at] ?? 0;
  sorted.sort();
  return [quantile(sorted, TAIL), quantile(sorted, 1 - TAIL)];
}

function quantile(sorted: Float32Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below] ?? 0, sorted[Math.min(below + 1, sorted.length - 1)] ?? 0];
  return low + (place - below) * (high - low);
}

/** The points in a box. */
function within(points: Float32Array, ranges: readonly (readonly [number, number])[]): Float32Array {
  const kept = new Float32Array(points.length);
  let count = 0;
  for (let at = 0; at + 2 < points.length; at += 3)
    if (isWithin(points, at, ranges)) count = copyPoint(points, at, kept, count);
  return kept.slice(0, count);
}

function isWithin(points: Float32Array, at: number, ranges: readonly (readonly [number, number])[]): boolean {
  for (let axis = 0; axis < 3; axis += 1) {
    const value = points[at + axis] ?? 0;
    const range = ranges[axis];
    if (!range || value < range[0] || value > range[1]) return false;
  }
  return true;
}

/** Copy a point from one place to another, and return the place after it. A view of it for each would take ten times as long. */
function copyPoint(points: Float32Array, from: number, into: Float32Array, to: number): number {
  for (let axis = 0; axis < 3; axis += 1) into[to + axis] = points[from + axis] ?? 0;
  return to + 3;
}
