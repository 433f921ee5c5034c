import { describe, expect, it } from "vitest";

import type { Vector } from "../../src/scene/framing";
import { IDENTITY, betweenOffsets, chained, inverse, isIdentity, moved } from "../../src/scene/similarity";
import type { Similarity } from "../../src/wire/contract";

const QUARTER = Math.SQRT1_2;
/** A transform with scale 2, a quarter turn about z and a translation. */
const turn: Similarity = { scale: 2, rotation_wxyz: [QUARTER, 0, 0, QUARTER], translation: [1, 0, -3] };
const tilt: Similarity = { scale: 0.4, rotation_wxyz: [0.8, 0.6, 0, 0], translation: [0.2, -5, 1] };
const points: readonly Vector[] = [[1, 0, 0], [0, 1, 0], [0.3, -2, 7]]; // prettier-ignore

function expectNear(actual: Vector, expected: Vector): void {
  for (const axis of [0, 1, 2] as const) expect(actual[axis]).toBeCloseTo(expected[axis], 9);
}

describe("a similarity", () => {
  it("rotates counter-clockwise, scales, then translates", () => {
    expectNear(moved(turn, [1, 0, 0]), [1, 2, -3]);
    expectNear(moved(turn, [0, 1, 5]), [-1, 0, 7]);
  });

  it("chained with another equals applying both in turn", () => {
    for (const point of points) expectNear(moved(chained(tilt, turn), point), moved(tilt, moved(turn, point)));
  });

  it("is undone by its inverse", () => {
    for (const point of points) expectNear(moved(inverse(tilt), moved(tilt, point)), point);
    for (const point of points) expectNear(moved(chained(turn, inverse(turn)), point), point);
  });

  it("agrees with its form for shard coordinates, which are world coordinates minus an offset", () => {
    const [before, now] = [[100, 0, 7], [-20, 3, 0]] as const; // prettier-ignore
    const shards = betweenOffsets(turn, before, now);
    for (const [x, y, z] of points) {
      const inWorld = moved(turn, [x + before[0], y + before[1], z + before[2]]);
      expectNear(moved(shards, [x, y, z]), [inWorld[0] - now[0], inWorld[1] - now[1], inWorld[2] - now[2]]);
    }
  });

  it("can be the identity", () => {
    expect([isIdentity(IDENTITY), isIdentity(chained(IDENTITY, IDENTITY)), isIdentity(turn)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
