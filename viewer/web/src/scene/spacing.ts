/** How large must a point be drawn so that a surface closes? From the density around it. Pure. */
import type { PointCloud } from "../wire/cloud";
import type { Bounds } from "../wire/contract";

/** A cloud and how dense it is: points per square world unit of surface. */
export interface MeasuredCloud {
  readonly cloud: PointCloud;
  readonly density: number;
}

/** What is known of a drawn shard. */
export interface DrawnShard {
  readonly key: string;
  readonly bounds: Bounds;
  /** Points per square world unit of surface. */
  readonly density: number;
}

const SAMPLE_COUNT = 512;

/**
 * Points per square world unit, from the median distance of neighbours along the Morton curve.
 *
 * Both encodings come in that order (the packed one within a shard, the PLY one by how shards are cut), so the next
 * point is a near one; the median forgets the jumps of the curve and stray points.
 */
export function estimateDensity(pointsInWorld: Float32Array, count: number): number {
  const stride = Math.max(1, Math.floor((count - 1) / SAMPLE_COUNT));
  const squares: number[] = [];
  for (let index = 0; index + 1 < count; index += stride) squares.push(squaredStep(pointsInWorld, 3 * index));
  const positive = squares.filter((square) => square > 0).sort((one, other) => one - other);
  const median = positive[Math.floor(positive.length / 2)];
  return median === undefined ? 1 : 1 / median;
}

/** The distance between neighbours around each shard when all of these are drawn together, by key. */
export function spacings(shards: readonly DrawnShard[]): Map<string, number> {
  return new Map(
    shards.map((shard) => {
      let density = 0;
      for (const other of shards) density += other.density * coverage(shard.bounds, other.bounds);
      return [shard.key, 1 / Math.sqrt(Math.max(density, Number.MIN_VALUE))];
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
  let sum = 0;
  for (let axis = 0; axis < 3; axis += 1) sum += ((points[at + 3 + axis] ?? 0) - (points[at + axis] ?? 0)) ** 2;
  return sum;
}
