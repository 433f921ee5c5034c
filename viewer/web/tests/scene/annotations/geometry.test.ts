import { describe, expect, it } from "vitest";

import { figuresOf, plumb } from "../../../src/scene/annotations/geometry";
import type { Vector } from "../../../src/scene/framing";

const UP: Vector = [0, 0, 1];
/** OpenCV's axes, turned: up lies in the plane of y and z. */
const TILTED: Vector = [0, -0.6, 0.8];

describe("figures of measures", () => {
  it("a distance has a horizontal and a vertical part", () => {
    expect(
      figuresOf(
        "distance",
        [
          [1, 1, 1],
          [4, 5, 13],
        ],
        UP,
      ),
    ).toMatchObject({
      distance: 13,
      horizontal: 5,
      vertical: 12,
    });
  });

  it("the parts follow the object's up direction", () => {
    const { distance, horizontal, vertical } = figuresOf(
      "distance",
      [
        [0, 0, 0],
        [3, -2.4, 3.2],
      ],
      TILTED,
    );
    expect(distance).toBeCloseTo(5, 12);
    expect(horizontal).toBeCloseTo(3, 12);
    expect(vertical).toBeCloseTo(4, 12);
  });

  it("a height is the vertical part alone, also downwards", () => {
    expect(
      figuresOf(
        "height",
        [
          [0, 0, 9],
          [5, 5, 2],
        ],
        UP,
      ),
    ).toMatchObject({ vertical: 7, distance: null });
  });

  it("the plumb point is straight above the first at the second's height", () => {
    expect(plumb([1, 2, 3], [7, 8, 9], UP)).toEqual([1, 2, 9]);
  });

  it.each([
    [[1, 0, 0], [0, 2, 0], 90],
    [[1, 0, 0], [-3, 0, 0], 180],
    [[2, 0, 0], [5, 0, 0], 0],
    [[1, 0, 0], [1, Math.sqrt(3), 0], 60],
  ] as const)("the angle between %j and %j is %d degrees", (one, other, degrees) => {
    const apex: Vector = [10, -20, 5];
    const at = ([x, y, z]: Vector): Vector => [apex[0] + x, apex[1] + y, apex[2] + z];
    expect(figuresOf("angle", [at(one), apex, at(other)], UP).angleDeg).toBeCloseTo(degrees, 10);
  });

  it("an area is that of the outline, whichever way round, and far from the origin", () => {
    const corners: readonly Vector[] = [
      [0, 0, 0],
      [4, 0, 0],
      [4, 3, 0],
      [0, 3, 0],
    ];
    expect(figuresOf("area", corners, UP).area).toBe(12);
    expect(figuresOf("area", [...corners].reverse(), UP).area).toBe(12);
    const far = corners.map(([x, y, z]): Vector => [x + 500_000, y + 5_400_000, z]);
    expect(figuresOf("area", far, UP).area).toBe(12);
  });

  it("a concave outline has the area inside it, and a tilted one its own", () => {
    expect(
      figuresOf(
        "area",
        [
          [0, 0, 0],
          [4, 0, 0],
          [4, 4, 0],
          [2, 1, 0],
          [0, 4, 0],
        ],
        UP,
      ).area,
    ).toBe(10);
    expect(
      figuresOf(
        "area",
        [
          [0, 0, 0],
          [5, 0, 0],
          [5, 3, 4],
          [0, 3, 4],
        ],
        UP,
      ).area,
    ).toBe(25);
  });

  it("too few points have no figures", () => {
    expect(
      figuresOf(
        "area",
        [
          [0, 0, 0],
          [1, 0, 0],
        ],
        UP,
      ).area,
    ).toBeNull();
    expect(
      figuresOf(
        "angle",
        [
          [0, 0, 0],
          [1, 0, 0],
        ],
        UP,
      ).angleDeg,
    ).toBeNull();
    expect(figuresOf("distance", [[0, 0, 0]], UP).distance).toBeNull();
  });

  it("an outline that crosses itself has no area, on any plane", () => {
    const square = [[0, 0], [4, 0], [4, 3], [0, 3]] as const; // prettier-ignore
    const planes: readonly ((x: number, y: number) => Vector)[] = [
      (x, y) => [x, y, 7],
      (x, y) => [7, x, y],
      (x, y) => [x, 0.8 * y, 0.6 * y],
    ];
    for (const plane of planes) {
      const [a, b, c, d] = square.map(([x, y]) => plane(x, y)) as [Vector, Vector, Vector, Vector];
      expect(figuresOf("area", [a, b, c, d], UP).area).toBeCloseTo(12);
      expect(figuresOf("area", [a, c, b, d], UP).area).toBeNull();
      expect(figuresOf("area", [a, b, d, c], UP).area).toBeNull();
      const closing = plane(0.05, -0.03); // a tap near the first corner closes it, and crosses the first side a little
      expect(figuresOf("area", [a, b, c, d, closing], UP).area).toBeCloseTo(12, 0);
    }
  });
});
