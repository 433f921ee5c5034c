/** A drawing says of which scale, which photographs and which points it is. */
import { describe, expect, it } from "vitest";

import type { ReferenceSet } from "../../../src/scene/reference";
import type { ProjectState } from "../../../src/scene/state";
import type { CameraEntry } from "../../../src/wire/contract";
import type { CaptionOf } from "../../../src/ui/documentation/caption";
import { captionOf } from "../../../src/ui/documentation/caption";
import { profileSvg } from "../../../src/ui/documentation/profile-drawing";
import type { Snapshot } from "../../../src/ui/documentation/snapshot";
import { frameOf, snapshotOf } from "../../../src/ui/documentation/snapshot";
import type { StageElement } from "../../../src/ui/stage/stage-element";
import { completeOf } from "../../manifests";

const { manifest } = completeOf(3, 2, [{ index: 0 }]);
const sheet = { widthPx: 1000, heightPx: 500, metresPerPx: 0.01, scale: 50, tiles: [] } as const;

function camera(error: number, component = 0, isPlaced = true): CameraEntry {
  return { component, reprojection_error_px: error, world_from_camera: isPlaced ? [] : null } as unknown as CameraEntry;
}

function linesOf(changed: Partial<CaptionOf>): readonly string[] {
  const { frame } = manifest;
  const whole = { title: "Chapel", manifest, frame, part: null, cameras: [], direction: "front", sheet } as const;
  return captionOf({ ...whole, ...changed }).lines;
}

describe("the caption of a drawing", () => {
  it("has the error of the scale that the drawing has", () => {
    const newer = { ...manifest.frame, metres_per_unit: 2, scale_deviation_ratio: 0.01 };
    const shown = { manifest: { ...manifest, revision: 5, frame: newer } };
    const frame = frameOf({ manifest } as Snapshot, { scene: { shown } } as unknown as ProjectState);
    expect(frame).toBe(newer);
    expect(linesOf({ frame })[1]).toContain("scale ±1");
    expect(linesOf({})[1]).toContain("error of the scale not known");
  });

  it("has the error of the photographs that are placed on what is drawn", () => {
    const cameras = [camera(0.5), camera(0.7), camera(0.9), camera(9, 1), camera(8, 1), camera(7, 0, false)];
    expect(linesOf({ cameras })[1]).toContain("photos ±0.70 px");
  });

  it("says how many of the points are drawn, where they are not all", () => {
    expect(linesOf({ part: { drawn: 1500, all: 5000 } })[1]).toMatch(/ · 1,500 of 5,000 points$/);
    expect(linesOf({})[1]).not.toContain("points");
  });
});

describe("the points of a drawing", () => {
  function snapshotWith(shards: number, leftOut = 0): Snapshot | null {
    const complete = completeOf(
      3,
      2,
      Array.from({ length: shards }, (_, index) => ({ index, points: 64 })),
    );
    const shown = {
      ...complete,
      manifest: { ...complete.manifest, left_out: { ...complete.manifest.left_out, point_count: leftOut } },
    } as unknown as ReferenceSet;
    const pointsInWorld = Float32Array.from({ length: 192 }, (_, index) => ((index * 37) % 101) / 101);
    const clouds = { spacedClouds: [{ measured: { pointsInWorld, count: 64 }, spacing: 1 }] };
    const project = { images: { cameras: [] }, project: "chapel", reconstructor: null, scene: { shown } };
    return snapshotOf(project as unknown as ProjectState, { stage: { clouds } } as unknown as StageElement);
  }

  it("are a part while others are loaded, or where the device or the broker has no room for all", () => {
    expect(snapshotWith(2)?.part).toEqual({ drawn: 64, all: 128 });
    expect(snapshotWith(1, 36)?.part).toEqual({ drawn: 64, all: 100 });
    expect(snapshotWith(1)?.part).toBeNull();
  });

  it("of a profile are counted in its drawing", () => {
    const profile = { length: 1, points: [] };
    expect(profileSvg(profile, 1, { drawn: 64, all: 128 })).toContain(">64 of 128 points</text>");
    expect(profileSvg(profile, 1, null)).not.toContain("points");
  });
});
