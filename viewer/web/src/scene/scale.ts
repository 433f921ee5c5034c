/** How large is the object? The scale bar with a known length, and a ruler of a round length. Pure. */
import type { ScaleBar, Similarity } from "../wire/contract";
import type { Vector } from "./framing";
import type { ReferenceSet } from "./reference";
import { moved } from "./similarity";

/** A scale bar in the shard coordinates of the set on screen. */
export interface ShownBar {
  readonly begin: Vector;
  readonly end: Vector;
  readonly distanceM: number;
}

export function shownBar(bar: ScaleBar | null, shown: ReferenceSet | null): ShownBar | null {
  if (!bar || !shown) return null;
  const { offset } = shown.manifest.frame;
  return { begin: minus(bar.begin, offset), end: minus(bar.end, offset), distanceM: bar.distance_m };
}

/** Move the bar into the world of the new generation. A bar that was set in that generation stays as it is. */
export function barAfterSwap(
  bar: ScaleBar,
  nowFromBefore: Similarity,
  before: ReferenceSet,
  now: ReferenceSet,
): ScaleBar {
  if (bar.generation > before.manifest.generation) return bar;
  const carry = (end: Vector): Vector =>
    plus(moved(nowFromBefore, minus(end, before.manifest.frame.offset)), now.manifest.frame.offset);
  return { ...bar, generation: now.manifest.generation, begin: carry(bar.begin), end: carry(bar.end) };
}

/** The ruler for a width, as on a map: the longest of 1, 2 and 5 times a power of ten that fits. */
export function rulerOf(
  metresPerPx: number,
  mostPx: number,
): { readonly metres: number; readonly widthPx: number } | null {
  const most = metresPerPx * mostPx;
  if (!Number.isFinite(most) || most <= 0) return null;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = power * ([5, 2].find((each) => each * power <= most) ?? 1);
  return { metres, widthPx: metres / metresPerPx };
}

export function plus(point: Vector, shift: Vector): Vector {
  return [point[0] + shift[0], point[1] + shift[1], point[2] + shift[2]];
}

export function minus(point: Vector, shift: Vector): Vector {
  return [point[0] - shift[0], point[1] - shift[1], point[2] - shift[2]];
}
