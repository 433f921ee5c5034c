/** How large must a point be drawn so that a surface closes? Local point spacing along the Morton curve. Pure. */
import type { PointCloud } from "../wire/clouds/cloud";
import type { Bounds } from "../wire/contract";

/** A cloud for drawing: positions, colours, point sizes and density. */
export interface MeasuredCloud {
  readonly pointsInWorld: Float32Array<ArrayBuffer>;
  /** Red, green, blue and size of every point: 4N uint8. `SIZE_ONE` is the median size, `SIZE_STEPS` doubles it. */
  readonly tintsAndSizes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Points per square world unit of surface. */
  readonly density: number;
}

/** A cloud with the distance of neighbours in world units. */
export interface SpacedCloud {
  readonly measured: MeasuredCloud;
  readonly spacing: number;
}

export const SIZE_ONE = 128;
export const SIZE_STEPS = 40;
/** The largest size as a ratio of the median. Outliers have no near neighbours and would become huge. */
const LARGEST = 3;
const SMALLEST = 0.5;
const NEIGHBOURS = 4;
const MOST_SAMPLES = 2048;
/** Sizes by the ratio of a gap to the median, up to `LARGEST`: logarithms of all points would take half of the time. */
const RATIO_STEPS = 1024;
const SIZES = Uint8Array.from({ length: LARGEST * RATIO_STEPS + 1 }, (_, step) =>
  Math.round(SIZE_ONE + SIZE_STEPS * Math.log2(Math.max(SMALLEST, (step + 0.5) / RATIO_STEPS))),
);

/** The properties of a drawn shard that its spacing depends on. */
export interface DrawnShard {
  readonly key: string;
  readonly level: number;
  readonly bounds: Bounds;
  /** Points per square world unit of surface. */
  readonly density: number;
}

/**
 * Measure the point spacing of a cloud whose points follow the Morton curve, as in both encodings.
 *
 * Neighbours on the curve are near in space. The smaller of the two gaps estimates the local spacing.
 * A moving mean smooths the estimate. The median of all gaps is robust against the jumps of the curve.
 */
export function measure({ colorsRgb, count, pointsInWorld }: PointCloud): MeasuredCloud {
  const gaps = calm(nearerGaps(pointsInWorld, count));
  const median = medianOf(gaps);
  const tintsAndSizes = new Uint8Array(4 * count);
  const stepsPerUnit = RATIO_STEPS / median;
  for (let index = 0, from = 0, to = 0; index < count; index += 1, from += 3, to += 4) {
    const step = Math.trunc(Math.min(LARGEST * RATIO_STEPS, (gaps[index] ?? median) * stepsPerUnit));
    tintsAndSizes[to] = colorsRgb[from] ?? 0;
    tintsAndSizes[to + 1] = colorsRgb[from + 1] ?? 0;
    tintsAndSizes[to + 2] = colorsRgb[from + 2] ?? 0;
    tintsAndSizes[to + 3] = SIZES[step] ?? SIZE_ONE;
  }
  return { pointsInWorld, tintsAndSizes, count, density: 1 / median ** 2 };
}

/** Extract points and colours from a measured cloud. */
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

/** Smooth by moving means over a few neighbours on either side. */
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

/** Median of the positive gaps; 1 without any. It sorts a sample of some 2000, because sorting all takes long. */
function medianOf(gaps: Float32Array): number {
  const stride = Math.max(1, Math.floor(gaps.length / MOST_SAMPLES));
  const samples = new Float32Array(Math.ceil(gaps.length / stride)).map((_, index) => gaps[index * stride] ?? 0);
  const positive = samples.filter((gap) => gap > 0).sort();
  return positive[Math.floor(positive.length / 2)] ?? 1;
}

/**
 * Compute the point spacing of each of `asked` by key, in world units, when all `shards` are drawn together.
 *
 * Shards of one level lie side by side, even if their boxes overlap. Only other levels add density to a shard.
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

/** The share of the first box that the second one covers: the smallest share over the three axes, 0 to 1. */
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
