import { describe, expect, it } from "vitest";

import type { Entry, Logged } from "../../../src/scene/activity";
import { accuracyOf, presentFromEarlier, timeLine } from "../../../src/scene/documentation/generations";
import { IDENTITY, moved } from "../../../src/scene/similarity";
import type { CameraEntry, GenerationRow, Manifest, Similarity } from "../../../src/wire/contract";

const BEGIN_MS = Date.parse("2026-11-27T08:00:00Z");
const MINUTE_MS = 60_000;

function row(generation: number, change: Partial<GenerationRow> = {}): GenerationRow {
  return {
    generation,
    made_at: new Date(BEGIN_MS + 60 * MINUTE_MS * generation).toISOString(),
    first_image_count: 10 * (generation - 1),
    image_count: 10 * generation - 1,
    point_count: 1000,
    offset: [0, 0, 0],
    world_from_previous: IDENTITY,
    mean_reprojection_error_px: null,
    metres_per_unit: null,
    scale_deviation_ratio: null,
    shards: [],
    ...change,
  };
}

function entry(minutes: number, message: object): Entry {
  return { number: minutes, atMs: BEGIN_MS + minutes * MINUTE_MS, message: message as Logged };
}

describe("an earlier generation", () => {
  const doubled: Similarity = { ...IDENTITY, scale: 2 };
  const shifted: Similarity = { ...IDENTITY, translation: [1, 0, 0] };
  const rows = [
    row(1),
    row(2, { world_from_previous: doubled, offset: [10, 0, 0] }),
    row(4, { world_from_previous: shifted }),
  ];

  it("is moved by every step up to the present one, between their offsets", () => {
    const found = presentFromEarlier(rows, 1, 4);
    expect(found && moved(found, [3, 1, 0])).toEqual([7, 2, 0]); // world: 3 → 6 → 7
    const step = presentFromEarlier(rows, 1, 2);
    expect(step && moved(step, [3, 1, 0])).toEqual([-4, 2, 0]);
  });

  it("is where it is when it is the present one", () => {
    expect(presentFromEarlier(rows, 2, 2)).toEqual(IDENTITY);
  });

  it("has no place without a row, or after the present one", () => {
    expect(presentFromEarlier(rows, 3, 4)).toBeNull();
    expect(presentFromEarlier(rows, 4, 2)).toBeNull();
    expect(presentFromEarlier([], 1, 1)).toBeNull();
  });
});

describe("the accuracy of the present generation", () => {
  const frame = { metres_per_unit: 0.5, scale_deviation_ratio: null };
  const manifest = { frame } as Manifest;
  const camera = (error: number | null, component = 0, isPlaced = true): CameraEntry =>
    ({ component, reprojection_error_px: error, world_from_camera: isPlaced ? [] : null }) as unknown as CameraEntry;

  it("is the mean over placed photographs of the leading component that have an error", () => {
    const cameras = [camera(0.5), camera(1.5), camera(null), camera(9, 1), camera(9, 0, false)];
    expect(accuracyOf(manifest, cameras)).toEqual({ ...frame, mean_reprojection_error_px: 1 });
  });

  it("is not known without such photographs", () => {
    expect(accuracyOf(manifest, [camera(null)]).mean_reprojection_error_px).toBeNull();
  });
});

describe("the time line", () => {
  it("has generations, problems and scales in their order, each with the image before it", () => {
    const activity = [
      entry(135, { type: "error" }),
      entry(90, { type: "processing_complete", is_refetch: false, image_number: 7 }),
      entry(95, { type: "scale_bar" }),
      entry(130, { type: "error" }),
      entry(96, { type: "processing_started", image_number: 8 }),
    ];
    expect(timeLine([row(1), row(2)], activity, 2)).toEqual([
      { kind: "generation", atMs: BEGIN_MS + 60 * MINUTE_MS, imageNumber: 0, generation: 1, count: 1 },
      { kind: "scale", atMs: BEGIN_MS + 95 * MINUTE_MS, imageNumber: 7, generation: 1, count: 1 },
      { kind: "generation", atMs: BEGIN_MS + 120 * MINUTE_MS, imageNumber: 10, generation: 2, count: 1 },
      { kind: "problem", atMs: BEGIN_MS + 130 * MINUTE_MS, imageNumber: 10, generation: 2, count: 2 },
    ]);
  });

  it("leaves out generations that came after the views were opened, and takes problems before the first", () => {
    expect(timeLine([row(1), row(2)], [entry(10, { type: "error" })], 1)).toEqual([
      { kind: "problem", atMs: BEGIN_MS + 10 * MINUTE_MS, imageNumber: 0, generation: null, count: 1 },
      { kind: "generation", atMs: BEGIN_MS + 60 * MINUTE_MS, imageNumber: 0, generation: 1, count: 1 },
    ]);
  });
});
