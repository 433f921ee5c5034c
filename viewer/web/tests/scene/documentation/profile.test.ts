import { describe, expect, it } from "vitest";

import type { Axes } from "../../../src/scene/documentation/axes";
import { viewAxes } from "../../../src/scene/documentation/axes";
import { profileCsv, profileOf } from "../../../src/scene/documentation/profile";

const AXES: Axes = { origin: [0, 0, 0], right: [1, 0, 0], up: [0, 1, 0], toward: [0, 0, 1] };
const EVERYTHING = { axes: AXES, box: { low: [-99, -99, -99], high: [99, 99, 99] } } as const;

/** A wall in z = 0 with a step of 0.5 towards who looks, from x = 2. */
function step(): Float32Array<ArrayBuffer> {
  const rows: number[] = [];
  for (let x = 0; x < 4; x += 0.1) for (let y = 0; y < 3; y += 0.1) rows.push(x, y, x < 1.95 ? 0 : 0.5);
  return Float32Array.from(rows);
}

const WALL = { pointsInWorld: step(), colorsRgb: new Uint8Array(step().length).fill(9), count: step().length / 3 };

describe("a profile", () => {
  it("shows the step where it is, and how high it is", () => {
    const { length, points } = profileOf([WALL], AXES, { begin: [1, 1.5], end: [3, 1.5] }, 0.06, EVERYTHING);
    expect(length).toBe(2);
    expect(points.length).toBeGreaterThan(15);
    for (const { along, toward } of points) expect(toward).toBe(along < 0.95 ? 0 : 0.5);
    const distances = points.map(({ along }) => along);
    expect(distances).toEqual([...distances].sort((one, other) => one - other));
  });

  it("is a horizontal section when it is cut from above", () => {
    const { points } = profileOf([WALL], viewAxes(AXES, "top"), { begin: [1, 0], end: [3, 0] }, 0.01, EVERYTHING);
    expect(points.length).toBeGreaterThan(100);
    expect(Math.max(...points.map(({ inWorld: [, , z] }) => z))).toBe(0);
  });

  it("leaves out what the clipping box leaves out", () => {
    const clip = { axes: AXES, box: { low: [-99, -99, 0.4], high: [99, 99, 99] } } as const;
    const { points } = profileOf([WALL], AXES, { begin: [0, 1.5], end: [4, 1.5] }, 0.06, clip);
    expect(points.every(({ toward }) => toward === 0.5)).toBe(true);
  });

  it("of no length is empty", () => {
    expect(profileOf([WALL], AXES, { begin: [1, 1], end: [1, 1] }, 1, EVERYTHING).points).toEqual([]);
  });

  it("is written in metres once they are known", () => {
    const profile = profileOf([WALL], AXES, { begin: [2.05, 1.5], end: [2.15, 1.5] }, 0.06, EVERYTHING);
    const [head, first] = profileCsv(profile, 2, [10, 0, 0], null).split("\n");
    expect(head).toMatch(/^along_m,toward_m,/);
    expect(first?.split(",").map(Number)[1]).toBe(1);
    expect(first?.split(",").map(Number)[2]).toBeCloseTo(12.1, 4);
    expect(profileCsv(profile, null, [0, 0, 0], null)).toMatch(/^along_units,/);
    expect(profileCsv(profile, null, [0, 0, 0], { drawn: 5, all: 9 })).toMatch(/^# from 5 of 9 points\nalong_units,/);
  });
});
