import { beforeEach, describe, expect, it } from "vitest";

import { CloudGroup } from "../../src/render/cloud";
import { measure } from "../../src/scene/spacing";
import type { WantedShard } from "../../src/scene/wanted";

const POINTS = 10;

function shard(key: string): WantedShard {
  const bounds = { minimum: [0, 0, 0], maximum: [1, 1, 1] } as const;
  const entry = {
    index: 0,
    level: 0,
    kind: "reference",
    image_number: null,
    points: POINTS,
    bounds,
    encodings: [],
  } as const;
  return { key, generation: 1, entry, encoded: { encoding: "ply", bytes: 1, sha256: "" } };
}

function cloudOf(...keys: string[]): CloudGroup {
  const cloud = new CloudGroup(false);
  for (const key of keys) add(cloud, key);
  return cloud;
}

function add(cloud: CloudGroup, key: string): void {
  const pointsInWorld = Float32Array.from({ length: 3 * POINTS }, (_, index) => index / 30);
  cloud.add(shard(key), measure({ pointsInWorld, colorsRgb: new Uint8Array(3 * POINTS), count: POINTS }));
}

/** How many shards the next frame draws. */
function drawnIn(cloud: CloudGroup): number {
  return cloud.group.children.filter(({ visible }) => visible).length;
}

describe("what a frame draws", () => {
  let cloud: CloudGroup;

  beforeEach(() => {
    cloud = cloudOf("a", "b");
    cloud.show(["a", "b"], new Set());
    cloud.settle(0, 0, true);
    cloud.prepare(Infinity, false, Infinity);
  });

  it("is everything at first, and then only what came since", () => {
    expect(drawnIn(cloud)).toBe(2);
    add(cloud, "c");
    expect(cloud.show(["a", "b", "c"], new Set())).toBe(true);
    expect(cloud.prepare(Infinity, true, Infinity).isAdded).toBe(true);
    expect(drawnIn(cloud)).toBe(1);
    expect(cloud.prepare(Infinity, true, Infinity).isAdded).toBe(true);
    expect(drawnIn(cloud)).toBe(0);
  });

  it("is everything when the view changed, or a shard is gone", () => {
    expect(cloud.prepare(Infinity, false, Infinity).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(2);
    cloud.show(["a"], new Set());
    expect(cloud.prepare(Infinity, true, Infinity).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(1);
  });

  it("is everything when what was drawn is lost", () => {
    cloud.clear();
    expect(cloud.prepare(Infinity, true, Infinity).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(2);
  });

  it("keeps to the budget of a moving object", () => {
    expect(cloud.prepare(POINTS, false, Infinity).isAdded).toBe(false);
    expect(drawnIn(cloud)).toBe(1);
  });

  it("takes a limited number of new points, and the rest with the next frames", () => {
    for (const key of ["c", "d", "e"]) add(cloud, key);
    cloud.show(["a", "b", "c", "d", "e"], new Set());
    expect(cloud.prepare(Infinity, true, 2 * POINTS)).toEqual({
      isAdded: true,
      pointCount: 4 * POINTS,
      isRestLeft: true,
    });
    expect(drawnIn(cloud)).toBe(2);
    expect(cloud.prepare(Infinity, true, 2 * POINTS)).toEqual({
      isAdded: true,
      pointCount: 5 * POINTS,
      isRestLeft: false,
    });
    expect(drawnIn(cloud)).toBe(1);
  });

  it("takes at least one shard, however many points it has", () => {
    add(cloud, "c");
    cloud.show(["a", "b", "c"], new Set());
    expect(cloud.prepare(Infinity, true, 1).isRestLeft).toBe(false);
  });

  it("takes everything at once that takes the place of others: nobody sees half of it", () => {
    for (const key of ["c", "d", "e"]) add(cloud, key);
    cloud.show(["c", "d", "e"], new Set());
    const { isRestLeft, pointCount } = cloud.prepare(Infinity, true, POINTS);
    expect([isRestLeft, pointCount, drawnIn(cloud)]).toEqual([false, 3 * POINTS, 3]);
  });

  it("does not change when the same is shown again", () => {
    expect(cloud.show(["a", "b"], new Set())).toBe(false);
  });

  it("waits with new sizes for what stands until no shard came for a while", () => {
    add(cloud, "c");
    cloud.show(["a", "b", "c"], new Set());
    const nowMs = performance.now();
    cloud.settle(nowMs, nowMs, true);
    expect(cloud.isUnsettled).toBe(true);
    expect(cloud.prepare(Infinity, true, Infinity).isAdded).toBe(true);
    cloud.settle(nowMs + 3000, nowMs, true);
    expect(cloud.isUnsettled).toBe(false);
    expect(cloud.prepare(Infinity, true, Infinity).isAdded).toBe(false);
  });
});
