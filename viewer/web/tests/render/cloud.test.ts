import type { RawShaderMaterial } from "three";
import { Points } from "three";
import { beforeEach, describe, expect, it } from "vitest";

import { CloudGroup, type Visible } from "../../src/render/cloud";
import { IDENTITY } from "../../src/scene/similarity";
import { measure } from "../../src/scene/spacing";
import type { WantedShard } from "../../src/scene/wanted";

const POINTS = 10;
/** The uploaded points. */
const given: unknown[] = [];

function shard(key: string): WantedShard {
  const bounds = { minimum: [0, 0, 0], maximum: [1, 1, 1] } as const;
  const entry = {
    index: 0,
    level: 0,
    kind: "reference",
    image_number: null,
    component: 0,
    point_count: POINTS,
    bounds,
    encodings: [],
  } as const;
  const encoded = { encoding: "ply", size_bytes: 1, sha256: "" } as const;
  return { key, generation: 1, entry, encoded, worldFromShard: IDENTITY };
}

function cloudOf(...keys: string[]): CloudGroup {
  const cloud = new CloudGroup(false, (points) => given.push(...points));
  for (const key of keys) add(cloud, key);
  return cloud;
}

function add(cloud: CloudGroup, key: string, isGivenNow = false): void {
  const pointsInWorld = Float32Array.from({ length: 3 * POINTS }, (_, index) => index / 30);
  cloud.add(shard(key), measure({ pointsInWorld, colorsRgb: new Uint8Array(3 * POINTS), count: POINTS }), isGivenNow);
}

/** The number of shards that the next frame draws. */
function drawnIn(cloud: CloudGroup): number {
  return cloud.group.children.filter(({ visible }) => visible).length;
}

/** Draw a frame without uploading first. */
function select(cloud: CloudGroup, pointBudget: number, isSameView: boolean, nowMs = 0, lastArrivalMs = 0): Visible {
  return cloud.selectVisible({ pointBudget, isSameView, nowMs, lastArrivalMs, isPatient: true });
}

/** Upload everything, then draw a frame. */
function frame(cloud: CloudGroup, isSameView: boolean, nowMs = 0, lastArrivalMs = 0): Visible {
  cloud.givePart(Infinity, Infinity);
  return select(cloud, Infinity, isSameView, nowMs, lastArrivalMs);
}

describe("what a frame draws", () => {
  let cloud: CloudGroup;

  beforeEach(() => {
    cloud = cloudOf("a", "b");
    cloud.show(["a", "b"], new Set());
    frame(cloud, false);
  });

  it("is everything at first, and then only new shards", () => {
    expect(drawnIn(cloud)).toBe(2);
    add(cloud, "c");
    expect(cloud.show(["a", "b", "c"], new Set())).toBe(true);
    expect(frame(cloud, true).isAdded).toBe(true);
    expect(drawnIn(cloud)).toBe(1);
    expect(frame(cloud, true).isAdded).toBe(true);
    expect(drawnIn(cloud)).toBe(0);
  });

  it("has small dots until there are enough points for a surface", () => {
    const largestPx = (drawn: CloudGroup): unknown => {
      const [points] = drawn.group.children;
      return points instanceof Points ? (points.material as RawShaderMaterial).uniforms["maximumSize"]?.value : null;
    };
    cloud.measure(1000, 2);
    expect(largestPx(cloud)).toBe(12); // 6 CSS pixels on a screen with two pixels for one
    const dense = measure({
      pointsInWorld: new Float32Array(36_000),
      colorsRgb: new Uint8Array(36_000),
      count: 12_000,
    });
    cloud.add(shard("dense"), dense, false);
    cloud.show(["a", "b", "dense"], new Set());
    frame(cloud, false);
    cloud.measure(1000, 2);
    expect(largestPx(cloud)).toBe(44);
  });

  it("is everything after a change of the view or the removal of a shard", () => {
    expect(frame(cloud, false).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(2);
    cloud.show(["a"], new Set());
    expect(frame(cloud, true).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(1);
  });

  it("is everything after the picture was lost", () => {
    cloud.clear();
    expect(frame(cloud, true).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(2);
  });

  it("keeps to the budget of a moving object", () => {
    expect(select(cloud, POINTS, false).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(1);
  });

  it("has a limited number of new points, and the next frames the rest", () => {
    for (const key of ["c", "d", "e"]) add(cloud, key);
    cloud.show(["a", "b", "c", "d", "e"], new Set());
    expect(cloud.givePart(Infinity, 2 * POINTS)).toBe(false);
    expect(select(cloud, Infinity, true)).toEqual({ isAdded: true, pointCount: 4 * POINTS, isRestLeft: true });
    expect(drawnIn(cloud)).toBe(2);
    expect(cloud.givePart(Infinity, 2 * POINTS)).toBe(false);
    expect(select(cloud, Infinity, true)).toEqual({ isAdded: true, pointCount: 5 * POINTS, isRestLeft: false });
    expect(drawnIn(cloud)).toBe(1);
  });

  it("is uploaded in parts of at least one shard, the most important first", () => {
    for (const key of ["c", "d", "e"]) add(cloud, key);
    cloud.show(["a", "b", "d", "c", "e"], new Set());
    given.length = 0;
    expect([1, 2, 3].map(() => cloud.givePart(1, Infinity))).toEqual([true, true, false]);
    const byKey = cloud.group.children.slice(-3);
    expect(given).toEqual([byKey[1], byKey[0], byKey[2]]);
  });

  it("is uploaded on arrival where that does not block", () => {
    given.length = 0;
    add(cloud, "c", true);
    cloud.show(["a", "b", "c"], new Set());
    expect([given.length, cloud.givePart(1, 1), given.length]).toEqual([1, false, 1]);
  });

  it("waits for all shards that replace others, so that no half picture is shown", () => {
    for (const key of ["c", "d", "e"]) add(cloud, key);
    cloud.show(["c", "d", "e"], new Set());
    expect([1, 2, 3].map(() => cloud.givePart(1, POINTS))).toEqual([true, true, false]);
    expect(select(cloud, Infinity, true).pointCount).toBe(3 * POINTS);
    expect(drawnIn(cloud)).toBe(3);
  });

  it("is all of another generation, even before it is uploaded", () => {
    for (const key of ["c", "d"]) add(cloud, key);
    cloud.show(["c", "d"], new Set());
    expect(select(cloud, Infinity, true)).toEqual({ isAdded: false, pointCount: 2 * POINTS, isRestLeft: false });
    expect(drawnIn(cloud)).toBe(2);
  });

  it("does not change when the same is shown again", () => {
    expect(cloud.show(["a", "b"], new Set())).toBe(false);
  });

  it("keeps the sizes of drawn shards until no shard has arrived for a while", () => {
    add(cloud, "c");
    cloud.show(["a", "b", "c"], new Set());
    const nowMs = performance.now();
    expect(frame(cloud, true, nowMs, nowMs).isAdded).toBe(true);
    expect(cloud.isUnsettled).toBe(true);
    expect(frame(cloud, true, nowMs + 3000, nowMs).isAdded).toBe(false);
    expect(cloud.isUnsettled).toBe(false);
  });
});
