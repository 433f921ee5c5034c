/** What is clipped? The box, and a slab of it across the direction of view. Pure. */
import type { Box, Direction } from "../../scene/documentation/axes";
import type { Vector } from "../../scene/framing";

export interface Cutting {
  readonly box: Box;
  readonly hasSection: boolean;
  /** The middle and the thickness of the slab, as shares of the box. */
  readonly sectionAt: number;
  readonly thickness: number;
}

/** The axis of the facade along which a view looks. */
const AXES: Readonly<Record<Direction, 0 | 1 | 2>> = { front: 2, back: 2, left: 0, right: 0, top: 1 };

export function uncut(box: Box): Cutting {
  return { box, hasSection: false, sectionAt: 0.5, thickness: 0.05 };
}

/** The part of the object that is shown. */
export function shownBox({ box, hasSection, sectionAt, thickness }: Cutting, direction: Direction): Box {
  if (!hasSection) return box;
  const axis = AXES[direction];
  const length = box.high[axis] - box.low[axis];
  const middle = box.low[axis] + sectionAt * length;
  const half = (thickness * length) / 2;
  return {
    low: withAxis(box.low, axis, Math.max(box.low[axis], middle - half)),
    high: withAxis(box.high, axis, Math.min(box.high[axis], middle + half)),
  };
}

/** The slab's middle from the front of the box and its thickness, in world units. */
export function sectionLengths(
  { box, sectionAt, thickness }: Cutting,
  direction: Direction,
): readonly [number, number] {
  const axis = AXES[direction];
  const length = box.high[axis] - box.low[axis];
  return [sectionAt * length, thickness * length];
}

/** Move one side of the box, never beyond the opposite one. */
export function withSide(box: Box, whole: Box, side: "low" | "high", axis: 0 | 1 | 2, value: number): Box {
  const least = 0.002 * (whole.high[axis] - whole.low[axis]);
  return side === "low"
    ? { ...box, low: withAxis(box.low, axis, Math.min(value, box.high[axis] - least)) }
    : { ...box, high: withAxis(box.high, axis, Math.max(value, box.low[axis] + least)) };
}

function withAxis(vector: Vector, axis: 0 | 1 | 2, value: number): Vector {
  return [axis === 0 ? value : vector[0], axis === 1 ? value : vector[1], axis === 2 ? value : vector[2]];
}
