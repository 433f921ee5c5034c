/** In which directions is a facade drawn? Right-handed axes, the views along them, and boxes in them. Pure. */
import type { Vector } from "../framing";

/** Unit vectors in the world with `right × up = toward`; `toward` points at who looks. */
export interface Axes {
  readonly origin: Vector;
  readonly right: Vector;
  readonly up: Vector;
  readonly toward: Vector;
}

export const DIRECTIONS = ["front", "right", "left", "back", "top"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Limits along right, up and toward, in world units from the origin of the axes. */
export interface Box {
  readonly low: Vector;
  readonly high: Vector;
}

/** The share of the points beyond a side of the box that does not count. */
const TAIL = 0.0005;
const MARGIN = 0.02;
const MOST_SAMPLES = 24_000;

/** The axes of a view on an object whose front has these axes. From above, the front is at the bottom. */
export function viewAxes({ origin, right, toward, up }: Axes, direction: Direction): Axes {
  switch (direction) {
    case "front":
      return { origin, right, up, toward };
    case "right":
      return { origin, right: negated(toward), up, toward: right };
    case "left":
      return { origin, right: toward, up, toward: negated(right) };
    case "back":
      return { origin, right: negated(right), up, toward: negated(toward) };
    case "top":
      return { origin, right, up: negated(toward), toward: up };
  }
}

/** A point of the world along the axes. */
export function along({ origin, right, toward, up }: Axes, point: Vector): Vector {
  const [x, y, z] = [point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]];
  const on = (axis: Vector): number => x * axis[0] + y * axis[1] + z * axis[2];
  return [on(right), on(up), on(toward)];
}

/** The box of an object along other axes with the same origin. */
export function turnedBox({ high, low }: Box, from: Axes, to: Axes): Box {
  const unmoved = { ...to, origin: [0, 0, 0] as Vector };
  const [first, ...others] = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) => {
    const at = (axis: 0 | 1 | 2): number => ((corner >> axis) & 1 ? high : low)[axis];
    const { right, toward, up } = from;
    const place = (axis: 0 | 1 | 2): number => at(0) * right[axis] + at(1) * up[axis] + at(2) * toward[axis];
    return along(unmoved, [place(0), place(1), place(2)]);
  });
  const corners = [first ?? ([0, 0, 0] as Vector), ...others];
  const ends = (choose: (...values: number[]) => number): Vector => [
    choose(...corners.map(([x]) => x)),
    choose(...corners.map(([, y]) => y)),
    choose(...corners.map(([, , z]) => z)),
  ];
  return { low: ends(Math.min), high: ends(Math.max) };
}

/** The box of nearly all points along the axes, with a margin of two percent. */
export function boxOf(points: Float32Array, axes: Axes): Box {
  const places: readonly Float32Array[] = [0, 1, 2].map(() => new Float32Array(points.length / 3));
  for (let at = 0; at + 2 < points.length; at += 3)
    along(axes, [points[at] ?? 0, points[at + 1] ?? 0, points[at + 2] ?? 0]).forEach((value, axis) => {
      const row = places[axis];
      if (row) row[at / 3] = value;
    });
  const ranges = places.map((row) => {
    row.sort();
    const cut = Math.floor(TAIL * row.length);
    const [low, high] = [row[cut] ?? 0, row[row.length - 1 - cut] ?? 0];
    const margin = MARGIN * (high - low) + 1e-6;
    return [low - margin, high + margin] as const;
  });
  const end = (side: 0 | 1): Vector => [ranges[0]?.[side] ?? 0, ranges[1]?.[side] ?? 0, ranges[2]?.[side] ?? 0];
  return { low: end(0), high: end(1) };
}

/** Some points of all clouds, evenly: 3N float32 in a row. */
export function sampled(clouds: readonly Float32Array[]): Float32Array {
  const total = clouds.reduce((sum, points) => sum + points.length / 3, 0);
  const stride = Math.max(1, Math.floor(total / MOST_SAMPLES));
  const kept: number[] = [];
  for (const points of clouds)
    for (let at = 0; at + 2 < points.length; at += 3 * stride)
      kept.push(points[at] ?? 0, points[at + 1] ?? 0, points[at + 2] ?? 0);
  return Float32Array.from(kept);
}

export function dot([a, b, c]: Vector, [d, e, f]: Vector): number {
  return a * d + b * e + c * f;
}

export function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/** The vector with unit length; null when it has hardly any. */
export function unit([x, y, z]: Vector): Vector | null {
  const length = Math.hypot(x, y, z);
  return length > 1e-9 ? [x / length, y / length, z / length] : null;
}

export function negated([x, y, z]: Vector): Vector {
  return [-x, -y, -z];
}
