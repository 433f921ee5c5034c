/** How long, high, wide and large is it? Lengths, angles and areas between points, in world units. Pure. */
import type { MeasureKind } from "../../wire/contract";
import type { Vector } from "../framing";
import { minus } from "../scale";

/** The figures of one measure; null where the kind has no such figure. */
export interface Figures {
  readonly distance: number | null;
  readonly horizontal: number | null;
  readonly vertical: number | null;
  readonly angleDeg: number | null;
  readonly area: number | null;
}

export const NO_FIGURES: Figures = { distance: null, horizontal: null, vertical: null, angleDeg: null, area: null };

/** The fewest and the most points of each kind; the most corners are the contract's. */
export const POINT_COUNTS: Readonly<Record<MeasureKind, readonly [fewest: number, most: number]>> = {
  distance: [2, 2],
  height: [2, 2],
  angle: [3, 3],
  area: [3, 40],
};

/** Of the length of an outline: a last corner so near to the first one is the same place. */
const CLOSING_SHARE = 0.02;

/** Measure points of a kind. `up` has unit length; null: not known, no heights. Too few points give no figures. */
export function figuresOf(kind: MeasureKind, points: readonly Vector[], up: Vector | null): Figures {
  const [first, second, third] = points;
  if (!first || !second) return NO_FIGURES;
  switch (kind) {
    case "distance":
      return { ...NO_FIGURES, distance: length(minus(second, first)), ...(up && partsOf(first, second, up)) };
    case "height":
      return { ...NO_FIGURES, vertical: up && partsOf(first, second, up).vertical };
    case "angle":
      return third ? { ...NO_FIGURES, angleDeg: angleDeg(minus(first, second), minus(third, second)) } : NO_FIGURES;
    case "area":
      return points.length >= 3 && !isCrossed(points) ? { ...NO_FIGURES, area: areaOf(points) } : NO_FIGURES;
  }
}

/** Whether two sides of a closed outline cross: its parts would be subtracted from each other. Seen across its plane. */
export function isCrossed(points: readonly Vector[]): boolean {
  const corners = withoutClosing(points);
  const [first = [0, 0, 0] as const] = corners;
  const normals = corners.flatMap((one) => corners.map((other) => cross(minus(one, first), minus(other, first))));
  const normal = normals.reduce<Vector>((most, each) => (length(each) > length(most) ? each : most), [0, 0, 0]);
  const sides = corners.map((corner, at) => [corner, corners[(at + 1) % corners.length] ?? first] as const);
  /** On which side of a line a point lies. */
  const turn = ([begin, end]: Side, point: Vector): number =>
    Math.sign(dot(normal, cross(minus(end, begin), minus(point, begin))));
  const cuts = (one: Side, [begin, end]: Side): boolean => turn(one, begin) * turn(one, end) < 0;
  return sides.some((one, at) => sides.slice(at + 1).some((other) => cuts(one, other) && cuts(other, one)));
}

/** The corners without a last one at the first: some people close an outline by tapping where they began. */
function withoutClosing(corners: readonly Vector[]): readonly Vector[] {
  const [first = [0, 0, 0] as const] = corners;
  const lengths = corners.map((corner, at) => length(minus(corners[at + 1] ?? first, corner)));
  const around = lengths.reduce((sum, each) => sum + each, 0);
  return corners.length > 3 && (lengths.at(-1) ?? 0) < CLOSING_SHARE * around ? corners.slice(0, -1) : corners;
}

type Side = readonly [begin: Vector, end: Vector];

/** The point at the height of the second that is straight above or below the first. */
export function plumb(first: Vector, second: Vector, up: Vector): Vector {
  const rise = dot(minus(second, first), up);
  return [first[0] + rise * up[0], first[1] + rise * up[1], first[2] + rise * up[2]];
}

function partsOf(
  first: Vector,
  second: Vector,
  up: Vector,
): { readonly horizontal: number; readonly vertical: number } {
  return {
    horizontal: length(minus(second, plumb(first, second, up))),
    vertical: Math.abs(dot(minus(second, first), up)),
  };
}

/** The angle between two directions. The arctangent is exact also near 0 and 180 degrees. */
function angleDeg(one: Vector, other: Vector): number {
  return (Math.atan2(length(cross(one, other)), dot(one, other)) * 180) / Math.PI;
}

/** The area of a closed outline, also when it is not quite flat: Newell's method. */
function areaOf(corners: readonly Vector[]): number {
  const [origin = [0, 0, 0] as const] = corners;
  const sum = [0, 0, 0];
  corners.forEach((corner, at) => {
    const next = corners[(at + 1) % corners.length] ?? origin;
    cross(minus(corner, origin), minus(next, origin)).forEach((value, axis) => {
      sum[axis] = (sum[axis] ?? 0) + value;
    });
  });
  return Math.hypot(...sum) / 2;
}

function length(vector: Vector): number {
  return Math.hypot(...vector);
}

function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}
