import { describe, expect, it } from "vitest";

import { along, boxOf, dot, turnedBox, viewAxes } from "../../../src/scene/documentation/axes";
import { facadeOf } from "../../../src/scene/documentation/facade";
import type { Vector } from "../../../src/scene/framing";

/** Numbers in [0, 1) that are the same at each run. */
function numbers(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** A front of 12 × 9 with noise of 2 mm, windows 0.3 deep, a side wall, ground and stray points; turned about y. */
function church(turnRad: number, leanRad = 0): { readonly points: Float32Array; readonly toward: Vector } {
  const random = numbers();
  const rows: Vector[] = [];
  for (let each = 0; each < 6000; each += 1) {
    const [x, y] = [12 * random() - 6, 9 * random()];
    const isWindow = Math.abs(x % 2) < 0.4 && y > 4 && y < 6;
    rows.push([x, y, (isWindow ? -0.3 : 0) + 0.004 * (random() - 0.5)]);
  }
  for (let each = 0; each < 4000; each += 1) rows.push([6, 9 * random(), -10 * random()]);
  for (let each = 0; each < 9000; each += 1) rows.push([30 * random() - 15, 0, 20 * random() - 8]);
  for (let each = 0; each < 1500; each += 1) rows.push([20 * random() - 10, 12 * random(), 10 * random() - 5]);
  const turned = ([x, y, z]: Vector): Vector => {
    const [leant, back] = [
      y * Math.cos(leanRad) - z * Math.sin(leanRad),
      y * Math.sin(leanRad) + z * Math.cos(leanRad),
    ];
    return [x * Math.cos(turnRad) + back * Math.sin(turnRad), leant, back * Math.cos(turnRad) - x * Math.sin(turnRad)];
  };
  return { points: Float32Array.from(rows.flatMap((row) => [...turned(row)])), toward: turned([0, 0, 1]) };
}

const UP: Vector = [0, 1, 0];
const HALF_DEGREE = Math.cos(Math.PI / 360);

describe("the main plane of a facade", () => {
  it.each([0, 0.4, 1.2, 2.7, -2])("is found at a turn of %f rad, within a tenth of a degree", (turn) => {
    const { points, toward } = church(turn);
    const viewing: Vector = [-toward[0], -0.2, -toward[2]];
    const facade = facadeOf(points, UP, viewing);
    expect(facade?.isPlane).toBe(true);
    expect(dot(facade?.axes.toward ?? UP, toward)).toBeGreaterThan(Math.cos(Math.PI / 1800));
  });

  it("follows a front that leans by two degrees, which the vertical direction does not", () => {
    const { points, toward } = church(0.7, 0.035);
    const facade = facadeOf(points, UP, [-toward[0], 0, -toward[2]]);
    expect(dot(facade?.axes.toward ?? UP, toward)).toBeGreaterThan(Math.cos(Math.PI / 1800));
  });

  it("looks outwards when nobody's viewing direction is known", () => {
    const { points, toward } = church(0.3);
    expect(dot(facadeOf(points, UP, null)?.axes.toward ?? UP, toward)).toBeGreaterThan(HALF_DEGREE);
  });

  it("is no plane among points without one, and then follows the photographers", () => {
    const random = numbers();
    const points = Float32Array.from({ length: 9000 }, () => random() - 0.5);
    const facade = facadeOf(points, UP, [0, -0.3, -1]);
    expect(facade?.isPlane).toBe(false);
    expect(dot(facade?.axes.toward ?? UP, [0, 0, 1])).toBeGreaterThan(HALF_DEGREE);
  });

  it("is null for fewer than three points", () => {
    expect(facadeOf(new Float32Array(6), UP, null)).toBeNull();
  });
});

describe("the axes", () => {
  const { points, toward } = church(0.9);
  const axes = facadeOf(points, UP, [-toward[0], 0, -toward[2]])?.axes;
  if (!axes) throw new Error("no axes");

  it.each(["front", "right", "left", "back", "top"] as const)("of the view %s are right-handed", (direction) => {
    const { right, toward: out, up } = viewAxes(axes, direction);
    expect(
      dot(
        [right[1] * up[2] - right[2] * up[1], right[2] * up[0] - right[0] * up[2], right[0] * up[1] - right[1] * up[0]],
        out,
      ),
    ).toBeCloseTo(1, 6);
  });

  it("give the front its true width and height", () => {
    const front = points.subarray(0, 3 * 6000);
    const { high, low } = boxOf(front, axes);
    expect(Math.abs(high[0] - low[0] - 12 * 1.04)).toBeLessThan(0.08);
    expect(Math.abs(high[1] - low[1] - 9 * 1.04)).toBeLessThan(0.08);
  });

  it("turn a box as they turn its corners", () => {
    const box = { low: [-1, -2, -3] as Vector, high: [4, 5, 6] as Vector };
    const top = viewAxes(axes, "top");
    expect(turnedBox(box, axes, top).low.map((each) => Math.round(1e6 * each) / 1e6)).toEqual([-1, -6, -2]);
    expect(turnedBox(box, axes, top).high.map((each) => Math.round(1e6 * each) / 1e6)).toEqual([4, 3, 5]);
    expect(Math.hypot(...along(top, top.origin))).toBe(0);
  });
});
