import { describe, expect, it } from "vitest";

import { movedBounds, movedCloud, shownCamera, worldFromComponent } from "../../src/scene/components";
import { DESKTOP_BUDGET } from "../../src/scene/wanted";
import { emptyScene, withBudget, withManifest } from "../../src/scene/reference";
import { IDENTITY, moved } from "../../src/scene/similarity";
import type { CameraEntry, Component, Similarity } from "../../src/wire/contract";
import { completeOf } from "../manifests";

/** A quarter turn about z, double the size, moved by 10 along x. */
const BESIDE: Similarity = { scale: 2, rotation_wxyz: [Math.SQRT1_2, 0, 0, Math.SQRT1_2], translation: [10, 0, 0] };
const COMPONENTS: readonly Component[] = [
  { id: 0, image_count: 4, world_from_component: IDENTITY },
  { id: 3, image_count: 6, world_from_component: BESIDE },
];

function camera(component: number): CameraEntry {
  return {
    image_id: `walk-00000${component}-0123456789abcdef`,
    image_number: 1,
    file_name: null,
    capture_id: null,
    has_original: true,
    state: "placed",
    component,
    code: null,
    reason: null,
    world_from_camera: [
      [1, 0, 0, 101],
      [0, 1, 0, 2],
      [0, 0, 1, 3],
      [0, 0, 0, 1],
    ],
    intrinsics: null,
    distortion: [],
    reprojection_error_px: null,
    width_px: null,
    height_px: null,
  };
}

describe("a further component", () => {
  it("has its points where the manifest shows it", () => {
    const cloud = { pointsInWorld: new Float32Array([1, 0, 0, 0, 1, 5]), tintsAndSizes: new Uint8Array(8), count: 2 };
    const shown = movedCloud(worldFromComponent(COMPONENTS, 3), { ...cloud, density: 8 });
    expect([...shown.pointsInWorld].map(Math.round)).toEqual([10, 2, 0, 8, 0, 10]);
    expect(shown.density).toBe(2);
  });

  it("leaves the leading one alone", () => {
    expect(worldFromComponent(COMPONENTS, 0)).toBe(IDENTITY);
    expect(shownCamera(camera(0), COMPONENTS, [100, 0, 0])).toEqual(camera(0));
  });

  it("has its bounds around its moved points", () => {
    const { maximum, minimum } = movedBounds(BESIDE, { minimum: [0, 0, 0], maximum: [1, 2, 3] });
    expect(minimum.map(Math.round)).toEqual([6, 0, 0]);
    expect(maximum.map(Math.round)).toEqual([10, 2, 6]);
  });

  it("has its cameras at the same place on its points, with rotations that stay rotations", () => {
    const [first, second, third] = shownCamera(camera(3), COMPONENTS, [100, 0, 0]).world_from_camera ?? [];
    const center = [first?.[3], second?.[3], third?.[3]].map((value) => Math.round(value ?? NaN));
    expect(center).toEqual(moved(BESIDE, [1, 2, 3]).map((value, axis) => Math.round(value) + (axis === 0 ? 100 : 0)));
    for (const row of [first, second, third]) expect(Math.hypot(...(row ?? []).slice(0, 3))).toBeCloseTo(1, 9);
    expect(first?.[1]).toBeCloseTo(-1, 9);
  });
});

describe("a scene with a further component", () => {
  const complete = completeOf(1, 0, [{ index: 0 }, { index: 1 }]);
  const shards = complete.shards.map((entry) => ({ ...entry, component: 3 * entry.index }));
  const given = {
    ...complete,
    shards,
    manifest: { ...complete.manifest, components: COMPONENTS },
    cameras: [camera(3)],
  };

  it("loads its shards, too, and holds its cameras where they are drawn", () => {
    const { shown } = withManifest(emptyScene(DESKTOP_BUDGET), given, 0);
    expect(shown?.plan.map(({ worldFromShard }) => worldFromShard)).toEqual([IDENTITY, BESIDE]);
    expect(shown?.plan[1]?.entry.bounds.minimum[0]).toBeCloseTo(8, 9);
    expect(shown?.cameras).toEqual([shownCamera(camera(3), COMPONENTS, [0, 0, 0])]);
  });

  it("stays where it is when the budget changes", () => {
    const before = withManifest(emptyScene(DESKTOP_BUDGET), given, 0);
    expect(withBudget(before, { points: 1, bytes: 1 }, 1).shown?.cameras).toEqual(before.shown?.cameras);
  });
});
