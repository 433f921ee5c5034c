/** How large must a point be drawn so that a surface closes? From the density around it. Pure. */
import type { PointCloud } from "../wire/cloud";
import type { Bounds } from "../wire/contract";

/** A cloud as it is drawn: what the eye needs beside positions and colours. */
export interface MeasuredCloud {
  readonly pointsInWorld: Float32Array<ArrayBuffer>;
  /** red green blue of every point, and its size: `SIZE_ONE` is the median, `SIZE_STEPS` more is twice that. */
  readonly tintsAndSizes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Points per square world unit of surface. */
  readonly density: number;
}

export const SIZE_ONE = 128;
export const SIZE_STEPS = 40;
/** Stray points stand far from everything: they must not become boulders. */
const LARGEST = 3;
const SMALLEST = 0.5;
const NEIGHBOURS = 4;
const MOST_SAMPLES = 2048;

/** What is known of a drawn shard. */
export interface DrawnShard {
  readonly key: string;
  readonly level: number;
  readonly bounds: Bounds;
  /** Points per square world unit of surface. */
  readonly density: number;
}

/**
 * Measure a cloud whose points follow the Morton curve, as those of both encodings do.
 *
 * The next point on the curve is a near one, so the nearer of its two neighbours tells how far apart points stand
 * around it; a mean over a few of them calms the estimate, and the median of all forgets the jumps of the curve.
 */
export function measure({ colorsRgb, count, pointsInWorld }: PointCloud): MeasuredCloud {
  const gaps = calm(nearerGaps(pointsInWorld, count));
  const median = medianOf(gaps);
  const tintsAndSizes = new Uint8Array(4 * count);
  for (let index = 0; index < count; index += 1) {
    const ratio = Math.min(LARGEST, Math.max(SMALLEST, (gaps[index] ?? median) / median));
    tintsAndSizes[4 * index] = colorsRgb[3 * index] ?? 0;
    tintsAndSizes[4 * index + 1] = colorsRgb[3 * index + 1] ?? 0;
    tintsAndSizes[4 * index + 2] = colorsRgb[3 * index + 2] ?? 0;
    tintsAndSizes[4 * index + 3] = Math.round(SIZE_ONE + SIZE_STEPS * Math.log2(ratio));
  }
  return { pointsInWorld, tintsAndSizes, count, density: 1 / median ** 2 };
}

/** The measured cloud's points and colours. */
export function plain({ count, pointsInWorld, tintsAndSizes }: MeasuredCloud): PointCloud {
  const colorsRgb = new Uint8Array(3 * count);
  for (let index = 0; index < count; index += 1)
    colorsRgb.set(tintsAndSizes.subarray(4 * index, 4 * index + 3), 3 * index);
  return { pointsInWorld, colorsRgb, count };
}

function nearerGaps(points: Float32Array, count: number): Float32Array {
  const gaps = new Float32Array(count);
  let before = Infinity;
  for (let index = 0; index < count; index += 1) {
    const after = index + 1 < count ? Math.sqrt(squaredStep(points, 3 * index)) : Infinity;
    gaps[index] = Math.min(before, after);
    before = after;
  }
  return gaps;
}

/** Moving means over a few neighbours on either side. */
function calm(gaps: Float32Array): Float32Array {
  const sums = new Float64Array(gaps.length + 1);
  for (let index = 0; index < gaps.length; index += 1) {
    const gap = gaps[index] ?? 0;
    sums[index + 1] = (sums[index] ?? 0) + (Number.isFinite(gap) ? gap : 0);
  }
  const means = new Float32Array(gaps.length);
  for (let index = 0; index < gaps.length; index += 1) {
    const begin = Math.max(0, index - NEIGHBOURS);
    const end = Math.min(gaps.length, index + NEIGHBOURS + 1);
    means[index] = ((sums[end] ?? 0) - (sums[begin] ?? 0)) / (end - begin);
  }
  return means;
}

/** 1 when nothing is apart: a single point, or copies of one. A few thousand gaps tell it, and sorting takes long. */
function medianOf(gaps: Float32Array): number {
  const stride = Math.max(1, Math.floor(gaps.length / MOST_SAMPLES));
  const positive = gaps.filter((gap, index) => gap > 0 && index % stride === 0).sort();
  return positive[Math.floor(positive.length / 2)] ?? 1;
}

/**
 * The distance between neighbours around each of `asked`, or of all, when all of these are drawn together, by key.
 *
 * Shards of one level lie beside each other, however their boxes overlap; only other levels lie over a shard.
 */
export function spacings(shards: readonly DrawnShard[], asked: readonly DrawnShard[] = shards): Map<string, number> {
  return new Map(
    asked.map((shard) => {
      const densities = new Map<number, number>();
      for (const other of shards) {
        if (other.level === shard.level) continue;
        const density = other.density * coverage(shard.bounds, other.bounds);
        densities.set(other.level, Math.max(density, densities.get(other.level) ?? 0));
      }
      let sum = shard.density;
      for (const density of densities.values()) sum += density;
      return [shard.key, 1 / Math.sqrt(Math.max(sum, Number.MIN_VALUE))];
    }),
  );
}

/** Which share of the first box, by its edges, the second one covers. */
function coverage(box: Bounds, other: Bounds): number {
  let share = 1;
  for (const axis of [0, 1, 2] as const) {
    const length = box.maximum[axis] - box.minimum[axis];
    const common = Math.min(box.maximum[axis], other.maximum[axis]) - Math.max(box.minimum[axis], other.minimum[axis]);
    if (common < 0) return 0;
    if (length > 0) share = Math.min(share, common / length);
  }
  return share;
}

function squaredStep(points: Float32Array, at: number): number {
  const x = (points[at + 3] ?? 0) - (points[at] ?? 0);
  const y = (points[at + 4] ?? 0) - (points[at + 1] ?? 0);
  const z = (points[at + 5] ?? 0) - (points[at + 2] ?? 0);
  return x * x + y * y + z * z;
}
