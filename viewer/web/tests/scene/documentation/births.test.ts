import { describe, expect, it } from "vitest";

import { growthOf, placedCameras } from "../../../src/scene/documentation/births";
import type { Growth } from "../../../src/scene/documentation/births";
import { inSlices } from "../../../src/scene/slices";
import type { CameraEntry } from "../../../src/wire/contract";

/** A camera at this x before the origin that looks along +z with a field of view of 90 degrees. */
function camera(number: number, x: number): CameraEntry {
  return {
    image_id: `walk-${number}`,
    image_number: number,
    file_name: null,
    capture_id: null,
    has_original: true,
    state: "placed",
    component: 0,
    code: null,
    reason: null,
    world_from_camera: [
      [1, 0, 0, x],
      [0, 1, 0, 0],
      [0, 0, 1, -5],
      [0, 0, 0, 1],
    ],
    intrinsics: [100, 100, 100, 100],
    distortion: [],
    reprojection_error_px: null,
    width_px: 200,
    height_px: 200,
  };
}

const ORIGIN = [0, 0, 0] as const;

/** A wall from x = -20 to 20 in z = 0, and a panel behind it that only the second camera sees through its gap. */
function points(...rows: readonly (readonly [number, number, number])[]): {
  readonly pointsInWorld: Float32Array<ArrayBuffer>;
  readonly count: number;
} {
  return { pointsInWorld: Float32Array.from(rows.flat()), count: rows.length };
}

/** The growth, and the number of pauses that it offers. */
function grown(...given: Parameters<typeof growthOf>): Growth & { readonly pauses: number } {
  const steps = growthOf(...given);
  for (let pauses = 0; ; pauses += 1) {
    const { done, value } = steps.next();
    if (done === true) return { ...value, pauses };
  }
}

describe("the order in which photographs saw the points", () => {
  it("begins with what the first photograph saw", () => {
    const cloud = points([10, 0, 0], [0, 0, 0], [11, 0, 0], [1, 0, 0]);
    const { counts, order } = grown(cloud, placedCameras([camera(2, 10), camera(1, 0)]), ORIGIN);
    expect(Array.from(order)).toEqual([1, 3, 0, 2]);
    expect(counts).toEqual([2, 4]);
  });

  it("knows that a point behind another one is not seen", () => {
    const cloud = points([0, 0, 0], [0, 0, 3]);
    const { counts } = grown(cloud, placedCameras([camera(1, 0), camera(2, 4)]), ORIGIN);
    expect(counts).toEqual([1, 2]);
  });

  it("shows with the last photograph what none saw", () => {
    const { counts } = grown(points([0, 0, 0], [99, 0, 0]), placedCameras([camera(1, 0), camera(2, 1)]), ORIGIN);
    expect(counts).toEqual([1, 2]);
  });

  it("counts no camera that has no place", () => {
    expect(
      placedCameras([
        { ...camera(1, 0), world_from_camera: null },
        { ...camera(2, 0), component: 1 },
      ]),
    ).toEqual([]);
  });

  it("measures from the offset of the world", () => {
    const { counts } = grown(
      points([-100, 0, 0], [0, 0, 0]),
      placedCameras([camera(1, 0), camera(2, 100)]),
      [100, 0, 0],
    );
    expect(counts).toEqual([1, 2]);
  });

  it("pauses after each camera, and gives the same in slices", async () => {
    const cameras = placedCameras([camera(1, 0), camera(2, 4), camera(3, 10)]);
    const cloud = points([10, 0, 0], [0, 0, 0], [0, 0, 3], [11, 0, 0]);
    const { counts, order, pauses } = grown(cloud, cameras, ORIGIN);
    expect(pauses).toBe(3);
    expect(await inSlices(growthOf(cloud, cameras, ORIGIN), () => false)).toEqual({ counts, order });
  });
});
