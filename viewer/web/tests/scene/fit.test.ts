import { describe, expect, it } from "vitest";

import { fillOf, standpoint } from "../../src/scene/fit";

/** Points of a box in axes of the view, seen slightly from the side. */
function box(width: number, height: number, depth: number, at: readonly [number, number, number]): Float32Array {
  const corners: number[] = [];
  for (const x of [-0.5, 0.5])
    for (const y of [-0.5, 0.5])
      for (const z of [-0.5, 0.5]) corners.push(at[0] + x * width, at[1] + y * height, at[2] + z * depth);
  return Float32Array.from(corners);
}

function from(points: Float32Array, [x, y, z]: readonly [number, number, number]): Float32Array {
  return points.map((value, at) => value - ([x, y, z][at % 3] ?? 0));
}

const BOXES = {
  "a wall": box(12, 4, 0.3, [0, 0, 0]),
  "a tower": box(2, 15, 2, [3, -1, 8]),
  "a nave that leads away": box(6, 5, 40, [-20, 2, 1]),
  "something small": box(1e-3, 2e-3, 1e-3, [5, 5, 5]),
};
const RECTANGLES = [{ across: 0.5, down: 0.4 }, { across: 0.15, down: 0.3 }, { across: 0.9, down: 0.2 }]; // prettier-ignore

describe("the standpoint", () => {
  for (const [name, points] of Object.entries(BOXES))
    for (const half of RECTANGLES)
      it(`shows ${name} whole, centred and as large as ${half.across} by ${half.down} allow`, () => {
        const seen = from(points, standpoint(points, half));
        const fill = fillOf(seen, { across: half.across * 1.0001, down: half.down * 1.0001 });
        expect(fill.isInside).toBe(true);
        expect(Math.max(fill.across, fill.down)).toBeGreaterThan(0.999);
        expect(fill.offCentre).toBeLessThan(1e-3);
      });
});

it("the standpoint is exact for thousands of points, near and far", () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let trial = 0; trial < 20; trial += 1) {
    const depth = 10 ** (4 * random() - 2);
    const points = Float32Array.from(
      { length: 6000 },
      (_, at) => (at % 3 === 2 ? depth : 1 + (at % 3)) * random() ** 3,
    );
    const half = { across: 0.2 + random(), down: 0.2 + random() };
    const fill = fillOf(from(points, standpoint(points, half)), { across: half.across + 1e-4, down: half.down + 1e-4 });
    expect(fill.isInside).toBe(true);
    expect(fill.offCentre).toBeLessThan(1e-5);
    expect(Math.max(fill.across, fill.down)).toBeGreaterThan(0.999);
  }
});

describe("the fill", () => {
  it("tells an object that is cut off, off the middle, small or behind the camera", () => {
    const half = { across: 1, down: 1 };
    const centred = fillOf(box(2, 2, 0.01, [0, 0, 4]), half);
    expect(centred.isInside).toBe(true);
    expect(centred.across).toBeCloseTo(0.25, 2);
    expect(fillOf(box(2, 2, 0.01, [2, 0, 4]), half).offCentre).toBeCloseTo(0.25, 2);
    expect(fillOf(box(2, 2, 0.01, [3.5, 0, 4]), half).isInside).toBe(false);
    expect(fillOf(box(2, 2, 0.01, [0, 0, -4]), half).isInside).toBe(false);
  });
});
