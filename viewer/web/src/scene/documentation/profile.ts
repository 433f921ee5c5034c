/** What does the object look like along a line? The points within a slab about the line, seen from its side. Pure. */
import type { PointCloud } from "../../wire/clouds/cloud";
import type { Vector } from "../framing";
import type { Axes, Box } from "./axes";
import { along, dot } from "./axes";

/** A place in a view, along its right and up axes, in world units. */
export type Place = readonly [number, number];

export interface ProfileLine {
  readonly begin: Place;
  readonly end: Place;
}

/** One point of a profile: how far along the line, and how far towards who looks, in world units. */
export interface ProfilePoint {
  readonly along: number;
  readonly toward: number;
  readonly inWorld: Vector;
  readonly rgb: readonly [number, number, number];
}

export interface Profile {
  readonly length: number;
  readonly points: readonly ProfilePoint[];
}

const MOST_POINTS = 40_000;

/**
 * Cut a profile along a line that was drawn in a view with these axes.
 *
 * `halfWidth`: how far points may lie beside the line, in world units. Points outside the box are left out. With very
 * many points, every so-many-th one is kept. The points are in the order of the line.
 */
export function profileOf(
  clouds: readonly PointCloud[],
  view: Axes,
  { begin, end }: ProfileLine,
  halfWidth: number,
  clip: { readonly axes: Axes; readonly box: Box },
): Profile {
  const [dx, dy] = [end[0] - begin[0], end[1] - begin[1]];
  const length = Math.hypot(dx, dy);
  if (length === 0) return { length, points: [] };
  const found: ProfilePoint[] = [];
  const { origin, right, up } = view;
  const side = (axis: 0 | 1 | 2): number => (dy * right[axis] - dx * up[axis]) / length;
  const across: Vector = [side(0), side(1), side(2)];
  const middle = dot(across, origin) + (begin[0] * dy - begin[1] * dx) / length;
  for (const { colorsRgb, count, pointsInWorld } of clouds)
    for (let at = 0; at < 3 * count; at += 3) {
      const [px, py, pz] = [pointsInWorld[at] ?? 0, pointsInWorld[at + 1] ?? 0, pointsInWorld[at + 2] ?? 0];
      // Nearly all points are beside the strip: up to here nothing is allocated for them.
      const beside = px * across[0] + py * across[1] + pz * across[2] - middle;
      if (beside > halfWidth || beside < -halfWidth) continue;
      const inWorld: Vector = [px, py, pz];
      const [x, y, toward] = along(view, inWorld);
      const distance = ((x - begin[0]) * dx + (y - begin[1]) * dy) / length;
      if (distance < 0 || distance > length) continue;
      if (!isInside(along(clip.axes, inWorld), clip.box)) continue;
      const rgb = [colorsRgb[at] ?? 0, colorsRgb[at + 1] ?? 0, colorsRgb[at + 2] ?? 0] as const;
      found.push({ along: distance, toward, inWorld, rgb });
    }
  const stride = Math.ceil(found.length / MOST_POINTS);
  const points = stride > 1 ? found.filter((_, index) => index % stride === 0) : found;
  return { length, points: points.sort((one, other) => one.along - other.along) };
}

function isInside(place: Vector, { high, low }: Box): boolean {
  return place.every((value, axis) => value >= (low[axis] ?? 0) && value <= (high[axis] ?? 0));
}

/**
 * The profile as CSV: metres where they are known, world units otherwise; the names of the columns say which.
 *
 * `part`: how many of the object's points the profile was cut from, said in a first line with `#`; null: from all.
 */
export function profileCsv(
  { points }: Profile,
  metresPerUnit: number | null,
  offset: Vector,
  part: { readonly drawn: number; readonly all: number } | null,
): string {
  const unit = metresPerUnit ?? 1;
  const name = metresPerUnit === null ? "units" : "m";
  const head = `along_${name},toward_${name},x_units,y_units,z_units,red,green,blue`;
  const lines = points.map(({ along: distance, inWorld, rgb, toward }) =>
    [
      (unit * distance).toFixed(5),
      (unit * toward).toFixed(5),
      ...inWorld.map((value, axis) => (value + (offset[axis] ?? 0)).toFixed(5)),
      ...rgb,
    ].join(","),
  );
  const remark = part ? [`# from ${part.drawn} of ${part.all} points`] : [];
  return `${[...remark, head, ...lines].join("\n")}\n`;
}
