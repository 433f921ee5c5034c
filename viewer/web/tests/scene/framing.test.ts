import { describe, expect, it } from "vitest";

import { framingOf } from "../../src/scene/framing";

/** Points side by side from a place on, a thousandth of a unit apart. */
function row(count: number, from: number): Float32Array {
  return Float32Array.from({ length: 3 * count }, (_, at) => (at % 3 === 0 ? from + at / 3000 : 0));
}

describe("the samples of the object", () => {
  for (const counts of [
    [1_000, 1_000],
    [1_400, 1_500],
    [20_000, 9_000],
  ] as const)
    it(`stand for all of ${counts.join(" and ")} points, not only for the first`, () => {
      const [first, second] = counts;
      const framing = framingOf([row(first, 0), row(second, 100)]);
      expect(framing?.center[0]).toBeGreaterThan(49);
      const far = framing?.samples.filter((value, at) => at % 3 === 0 && value >= 100) ?? [];
      const share = far.length / ((framing?.samples.length ?? 0) / 3);
      expect(share).toBeCloseTo(second / (first + second), 1);
    });

  it("hold at least one point of every shard", () => {
    const shards = Array.from({ length: 3_000 }, (_, at) => row(1, at));
    expect(framingOf(shards)?.center[0]).toBeCloseTo(1_499.5, 0);
  });

  it("leave out the outermost 2 % of an axis, also when half a point is 2 %", () => {
    const places = [0, ...Array.from({ length: 25 }, (_, at) => 100 + at)];
    const framing = framingOf([Float32Array.from(places.flatMap((place) => [place, 0, 0]))]);
    expect(framing?.samples.filter((_, at) => at % 3 === 0).slice(0, 2)).toEqual(Float32Array.of(100, 101));
    expect(framing?.center[0]).toBeCloseTo((50 + 123.5) / 2, 3);
  });

  it("are all points of a cloud that is still small", () => {
    expect(framingOf([row(8_000, 0)])?.samples.length).toBe(3 * (8_000 - 2 * 160));
  });

  it("are none without points", () => {
    expect(framingOf([new Float32Array()])).toBeNull();
  });
});
