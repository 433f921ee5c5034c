/** From where is the whole object visible? Bounds by percentiles and the mean direction of the cameras. Pure. */
import type { CameraEntry, Similarity } from "../wire/contract";
import { moved } from "./similarity";

export type Vector = readonly [number, number, number];

/** A sphere around the object, in world units. */
export interface Framing {
  readonly center: Vector;
  readonly radius: number;
}

const MOST_SAMPLES = 1500;
const TAIL = 0.02;
const GROWTH = 1.12;
const SHIFT = 0.15;
/** The up direction of the first camera, whose axes are the world's at first. OpenCV's +y points down. */
const FALLBACK_UP: Vector = [0, -1, 0];

/** Frame all but the outermost 2 % on each side of each axis. Outliers must not make the object small on screen. */
export function framingOf(clouds: readonly Float32Array[]): Framing | null {
  const total = clouds.reduce((sum, points) => sum + points.length / 3, 0);
  if (total === 0) return null;
  const stride = Math.max(1, Math.floor(total / MOST_SAMPLES));
  const ranges = [0, 1, 2].map((axis) => rangeOf(clouds, axis, stride));
  const center = ranges.map(([low, high]) => (low + high) / 2) as unknown as Vector;
  const radius = 0.5 * Math.hypot(...ranges.map(([low, high]) => high - low));
  return { center, radius: radius > 0 ? radius : 1 };
}

/** Transform a framing into another world. */
export function framingIn(similarity: Similarity, { center, radius }: Framing): Framing {
  return { center: moved(similarity, center), radius: similarity.scale * radius };
}

/** Whether the object has grown or moved enough to frame it again. */
export function isReframed(before: Framing, now: Framing): boolean {
  const growth = now.radius / before.radius;
  const shift = Math.hypot(...before.center.map((value, axis) => (now.center[axis] ?? 0) - value));
  return growth > GROWTH || growth < 1 / GROWTH || shift > SHIFT * before.radius;
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

function rangeOf(clouds: readonly Float32Array[], axis: number, stride: number): readonly [number, number] {
  const values = new Float32Array(MOST_SAMPLES * 3);
  let count = 0;
  for (const points of clouds)
    for (let at = axis; at < points.length && count < values.length; at += 3 * stride) {
      values[count] = points[at] ?? 0;
      count += 1;
    }
  const sorted = values.subarray(0, count).sort();
  const cut = Math.floor(TAIL * sorted.length);
  return [sorted[cut] ?? 0, sorted[sorted.length - 1 - cut] ?? 0];
}
