import { describe, expect, it } from "vitest";

import { framingIn, framingOf, upOf, viewingDirection } from "../../src/scene/framing";
import { SIZE_ONE, SIZE_STEPS, measure, plain, spacings } from "../../src/scene/spacing";
import type { Bounds, CameraEntry } from "../../src/wire/contract";
import { UNIT_BOUNDS } from "../manifests";

function row(count: number, gap: (index: number) => number) {
  const pointsInWorld = new Float32Array(3 * count);
  for (let index = 1; index < count; index += 1)
    pointsInWorld[3 * index] = (pointsInWorld[3 * index - 3] ?? 0) + gap(index);
  const colorsRgb = Uint8Array.from({ length: 3 * count }, (_, at) => at % 256);
  return { pointsInWorld, colorsRgb, count };
}

describe("a measured cloud", () => {
  it("has the density of its points", () => {
    expect(measure(row(1000, () => 0.5)).density).toBeCloseTo(4, 3);
  });

  it("draws points larger where they are sparse, but limits outliers", () => {
    const { tintsAndSizes } = measure(row(1000, (index) => (index < 800 ? 1 : index < 990 ? 2 : 1000)));
    const sizeAt = (index: number) => tintsAndSizes[4 * index + 3] ?? 0;
    expect(sizeAt(100)).toBe(SIZE_ONE);
    expect(sizeAt(900)).toBe(SIZE_ONE + SIZE_STEPS);
    expect(sizeAt(999)).toBe(Math.round(SIZE_ONE + SIZE_STEPS * Math.log2(3)));
  });

  it("keeps its colours, also with one point or with equal points", () => {
    const cloud = row(50, () => 1);
    expect(plain(measure(cloud))).toEqual(cloud);
    expect(measure(row(1, () => 1)).density).toBe(1);
    expect(measure(row(9, () => 0)).density).toBe(1);
  });
});

describe("spacing", () => {
  const shard = (key: string, level: number, density: number, bounds: Bounds = UNIT_BOUNDS) => ({
    key,
    level,
    density,
    bounds,
  });

  it("shrinks with every level on top of another", () => {
    expect(spacings([shard("a", 0, 4)]).get("a")).toBeCloseTo(0.5);
    expect(spacings([shard("a", 0, 4), shard("b", 1, 12)]).get("a")).toBeCloseTo(0.25);
    expect([...spacings([shard("a", 0, 4), shard("b", 1, 12)], [shard("a", 0, 4)]).keys()]).toEqual(["a"]);
  });

  it("does not depend on shards elsewhere or of the same level", () => {
    const far = { minimum: [5, 5, 5], maximum: [6, 6, 6] } as const;
    expect(spacings([shard("a", 0, 4), shard("b", 1, 12, far)]).get("a")).toBeCloseTo(0.5);
    expect(spacings([shard("a", 0, 4), shard("b", 0, 12)]).get("a")).toBeCloseTo(0.5);
  });
});

describe("framing", () => {
  it("excludes outliers", () => {
    const points = Float32Array.from({ length: 3000 }, (_, at) => (at < 2970 ? (at % 100) / 100 : 1e6));
    const framing = framingOf([points]);
    expect(framing?.radius).toBeLessThan(1);
    expect(framing?.center[0]).toBeCloseTo(0.5, 1);
    expect(framingOf([])).toBeNull();
  });

  it("keeps the points within it as samples, in another world, too", () => {
    const points = Float32Array.from({ length: 3000 }, (_, at) => (at < 2970 ? (at % 100) / 100 : 1e6));
    const framing = framingOf([points]);
    expect(framing?.samples.length).toBeGreaterThan(2700);
    expect(Math.max(...(framing?.samples ?? []))).toBeLessThan(1);
    const similarity = { scale: 2, rotation_wxyz: [1, 0, 0, 0], translation: [10, 0, 0] } as const;
    const carried = framing && framingIn(similarity, framing);
    expect(carried?.samples[0]).toBeCloseTo(10 + 2 * (framing?.samples[0] ?? NaN), 5);
  });

  const camera = (sign: 1 | -1): CameraEntry => ({
    image_id: "walk-000001-0123456789abcdef",
    image_number: 1,
    file_name: null,
    capture_id: null,
    has_original: true,
    state: "placed",
    component: 0,
    code: null,
    reason: null,
    world_from_camera: [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, sign, 0],
      [0, 0, 0, 1],
    ],
    intrinsics: null,
    distortion: [],
    reprojection_error_px: null,
    width_px: null,
    height_px: null,
  });

  it("has the given up direction, else that of the cameras, else that of the first camera", () => {
    expect(upOf([0, 0, 2], [])).toEqual([0, 0, 1]);
    expect(upOf(null, [camera(1)])).toEqual([0, -1, 0]);
    expect(upOf(null, [])).toEqual([0, -1, 0]);
  });

  it("has the mean viewing direction, unless the cameras stand around the object", () => {
    expect(viewingDirection([camera(1)])).toEqual([0, 0, 1]);
    expect(viewingDirection([camera(1), camera(-1)])).toBeNull();
  });
});
