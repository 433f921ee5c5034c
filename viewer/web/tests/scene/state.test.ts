import { describe, expect, it } from "vitest";

import {
  NO_IMAGES,
  imageOf,
  imagesAfter,
  isUnplaced,
  neighbourOf,
  placeInRound,
  withImages,
} from "../../src/scene/images";
import { IDENTITY } from "../../src/scene/similarity";
import type { CompleteManifest } from "../../src/scene/loading/pages";
import type { Action, News, ProjectState } from "../../src/scene/state";
import { initialState, reduce } from "../../src/scene/state";
import { bannerOf, chipOf, isBudgetReached, loadedRatio, noticeOf } from "../../src/scene/status";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import type {
  CameraEntry,
  ReconstructorPresence,
  ReconstructorState,
  UploadAcknowledged,
} from "../../src/wire/contract";
import { actionOf, completeOf } from "../manifests";

const envelope = { schema: "1.0", sent_at: "2026-11-24T09:00:00Z", project: "chapel" } as const;
const image = (number: number) => ({
  image_id: `walk-${String(number).padStart(6, "0")}-0123456789abcdef`,
  image_number: number,
});
const named = { file_name: "IMG_0001.JPG", capture_id: null, has_original: true } as const;

function reconstructor(presence: ReconstructorPresence, imageCount = 0, hasManifest = false): ReconstructorState {
  return {
    ...envelope,
    type: "reconstructor_state",
    presence,
    boot_id: "b",
    store_id: null,
    epoch: 0,
    title: "",
    host: "",
    contested_since: null,
    black_box: "",
    has_manifest: hasManifest,
    image_count: imageCount,
    refetch_every: 10,
    takes_previews: false,
    preview_max_side_px: 1224,
    code: null,
    reason: null,
  };
}

function follow(...actions: readonly (Action | News | CompleteManifest)[]): ProjectState {
  let state = initialState("chapel", DESKTOP_BUDGET);
  for (const each of actions) state = reduce(state, actionOf(each), 0, 1000);
  return state;
}

const connected: Action = { kind: "link", link: { kind: "connected", count: 1 } };
const manifest = completeOf(2, 0, [{ index: 0 }, { index: 1, level: 1 }]);
const shards = wantedShards(manifest, DESKTOP_BUDGET).map(({ encoded, entry, key }): Action => ({
  kind: "shard",
  shard: { key, points: entry.point_count, bytes: encoded.size_bytes },
}));

describe("the chip", () => {
  it("shows the most important status", () => {
    expect(chipOf(follow()).kind).toBe("connecting");
    expect(chipOf(follow(connected)).kind).toBe("connecting");
    expect(chipOf(follow(connected, { kind: "silence" })).kind).toBe("unknown");
    expect(chipOf(follow(connected, reconstructor("ready"))).kind).toBe("waiting");
    expect(chipOf(follow(connected, manifest))).toEqual({ kind: "loading", doneRatio: 0 });
    expect(chipOf(follow(connected, manifest, ...shards)).kind).toBe("live");
    const started = { ...envelope, type: "processing_started", ...image(17) } as const;
    expect(chipOf(follow(connected, manifest, started))).toEqual({ kind: "processing", number: 17 });
    const refetch = { ...envelope, type: "refetch_starting", ...image(20), next_generation: 3 } as const;
    const progress = {
      ...envelope,
      type: "progress",
      image_id: image(20).image_id,
      request_id: null,
      stage: "fusion",
      done_ratio: 0.64,
    } as const;
    expect(chipOf(follow(connected, started, refetch, progress))).toEqual({ kind: "rebuilding", doneRatio: 0.64 });
    const exporting = { ...progress, image_id: null, request_id: "r1", done_ratio: 0.9 } as const;
    expect(chipOf(follow(connected, started, refetch, progress, exporting))).toEqual({
      kind: "rebuilding",
      doneRatio: 0.64,
    });
    expect(chipOf(follow(connected, manifest, reconstructor("offline")))).toEqual({
      kind: "stale",
      presence: "offline",
    });
    const lost: Action = { kind: "link", link: { kind: "lost", attempt: 1, isHeldBack: false } };
    expect(chipOf(follow(connected, manifest, lost)).kind).toBe("reconnecting");
    expect(chipOf(follow(lost)).kind).toBe("connecting");
  });
});

describe("the notice", () => {
  it("is shown only while there are no points", () => {
    expect(noticeOf(follow(connected, manifest, ...shards))).toBeNull();
    const lost: Action = { kind: "link", link: { kind: "lost", attempt: 9, isHeldBack: false } };
    expect(noticeOf(follow(connected, manifest, ...shards, lost))).toBeNull();
  });

  it.each<[string, readonly (Action | News | CompleteManifest)[]]>([
    ["loading", []],
    ["loading", [connected]],
    ["unreachable", [{ kind: "link", link: { kind: "lost", attempt: 2, isHeldBack: false } }]],
    ["held_back", [{ kind: "link", link: { kind: "lost", attempt: 1, isHeldBack: true } }]],
    ["refused", [{ kind: "link", link: { kind: "refused", reason: "no", isLoginWrong: true } }]],
    ["no_project", [connected, { kind: "silence" }]],
    ["empty", [connected, reconstructor("ready")]],
    ["first_image", [connected, reconstructor("ready", 1)]],
    ["loading", [connected, reconstructor("ready", 9, true)]],
    ["loading", [connected, manifest]],
  ])("is %s", (kind, actions) => {
    expect(noticeOf(follow(...actions))?.kind).toBe(kind);
  });
});

describe("loading", () => {
  it("is a share of the points that this device will hold", () => {
    expect(loadedRatio(follow(connected, manifest, ...shards.slice(0, 1)))).toBe(0.5);
    const small: Action = { kind: "budget", budget: { points: 100, bytes: Infinity } };
    const state = follow(small, connected, manifest, ...shards.slice(0, 1));
    expect(loadedRatio(state)).toBe(1);
    expect(isBudgetReached(state)).toBe(true);
    expect(isBudgetReached(follow(connected, manifest))).toBe(false);
  });
});

describe("the banner", () => {
  const upload: Action = {
    kind: "upload",
    upload: {
      key: "a",
      fileName: "a.jpg",
      sizeBytes: 1,
      state: "sending",
      preview: null,
      imageId: null,
      imageNumber: null,
      code: null,
      reason: null,
      sentBytes: 0,
      missing: null,
      retryInMs: null,
    },
  };
  const started = { ...envelope, type: "refetch_starting", ...image(20), next_generation: 3 } as const;

  it("is absent without a problem, and while no points are shown", () => {
    expect(bannerOf(follow(connected, manifest, ...shards))).toBeNull();
    expect(
      bannerOf(follow(connected, { kind: "link", link: { kind: "lost", attempt: 1, isHeldBack: false } })),
    ).toBeNull();
  });

  it("is the most urgent one, and after its dismissal the next", () => {
    const state = follow(connected, manifest, ...shards, upload, started, { kind: "failed_shards", count: 2 });
    expect(bannerOf(state)).toEqual({ kind: "failed_shards", count: 2 });
    expect(bannerOf(state, new Set(["failed_shards"]))).toMatchObject({ kind: "uploading", place: 1, count: 1 });
    expect(bannerOf(state, new Set(["failed_shards", "uploading"]))).toEqual({ kind: "rebuilding", doneRatio: 0 });
    const lost: Action = { kind: "link", link: { kind: "lost", attempt: 1, isHeldBack: false } };
    expect(bannerOf(reduce(state, lost, 0, 0))).toEqual({ kind: "reconnecting" });
  });

  it("says that the reconstructor is offline or that the budget is reached", () => {
    expect(bannerOf(follow(connected, manifest, ...shards, reconstructor("offline")))?.kind).toBe("stale");
    const full = { code: "broker_full", reason: "the broker is full" };
    expect(bannerOf(follow(connected, manifest, ...shards, { ...reconstructor("ready"), ...full }))).toEqual({
      kind: "trouble",
      code: "broker_full",
      reason: "the broker is full",
    });
    expect(bannerOf(follow(connected, manifest, ...shards, { ...reconstructor("disk_full"), ...full }))?.kind).toBe(
      "stale",
    );
    const small: Action = { kind: "budget", budget: { points: 100, bytes: 10_000 } };
    const partial = follow(connected, manifest, ...shards, small);
    expect([isBudgetReached(partial), bannerOf(partial)]).toEqual([true, null]); // the figures say it
  });

  it("says that photos form a second part, until it is dismissed or they join", () => {
    const second = { id: 2, image_count: 3, world_from_component: IDENTITY };
    const parts = (count: number): CompleteManifest => ({
      ...manifest,
      manifest: {
        ...manifest.manifest,
        components: [...manifest.manifest.components, { ...second, image_count: count }],
      },
    });
    const state = follow(connected, parts(3), ...shards);
    expect(bannerOf(state)).toEqual({ kind: "further_parts", counts: [3] });
    expect(bannerOf(state, new Set(["further_parts"]))).toBeNull();
    expect(bannerOf(follow(connected, parts(0), ...shards))).toBeNull();
  });

  it("says that the server leaves points out, until it is dismissed", () => {
    const left = { point_count: 5000, shard_count: 1, ply_count: 0 };
    const cut = { ...manifest, manifest: { ...manifest.manifest, left_out: left } };
    const state = follow(connected, cut, ...shards);
    expect(bannerOf(state)).toEqual({ kind: "left_out", points: 5000 });
    expect(bannerOf(state, new Set(["left_out"]))).toBeNull();
  });
});

describe("a manifest with its pages", () => {
  const nothing = { code: null, reason: null, intrinsics: null, width_px: null, height_px: null } as const;
  const camera = (number: number): CameraEntry => ({
    ...image(number),
    ...named,
    ...nothing,
    state: "waiting",
    component: 0,
    world_from_camera: null,
    distortion: [],
    reprojection_error_px: null,
  });

  it("brings cameras before there are points", () => {
    const state = follow(connected, { ...completeOf(0, 1, []), cameras: [camera(1)] });
    expect([state.scene.shown, state.images.cameras.length, state.activity.length]).toEqual([null, 1, 0]);
    expect(state.images.tracks.get(1)?.state).toBe("waiting");
  });

  it("keeps the cameras of the generation on screen until the next one is shown", () => {
    const next = { ...completeOf(3, 0, [{ index: 0, points: 500 }]), cameras: [camera(1), camera(2)] };
    const loading = follow(connected, { ...manifest, cameras: [camera(1)] }, ...shards, next);
    expect(loading.images.cameras).toHaveLength(1);
    expect(loading.images.tracks.get(2)?.state).toBe("waiting");
    const [wanted] = wantedShards(next, DESKTOP_BUDGET);
    const shard = { key: wanted?.key ?? "", points: 500, bytes: 600 };
    const flipped = reduce(loading, { kind: "shard", shard }, 1, 1000);
    expect([flipped.scene.swapCount, flipped.images.cameras.length]).toEqual([1, 2]);
  });
});

describe("images", () => {
  it("have a place between two rebuilds", () => {
    expect(placeInRound(NO_IMAGES)).toEqual({ place: 0, every: 10 });
    const at = (imageCount: number) => placeInRound({ ...NO_IMAGES, imageCount }).place;
    expect([at(1), at(10), at(11), at(20), at(37)]).toEqual([1, 10, 1, 10, 7]);
  });

  it("are followed from start to end, and through an error", () => {
    let images = imagesAfter(NO_IMAGES, { ...envelope, type: "processing_started", ...image(3) });
    expect(images.tracks.get(3)?.state).toBe("processing");
    images = imagesAfter(images, {
      ...envelope,
      type: "error",
      code: "black_box_failed",
      reason: "it raised",
      image_id: image(3).image_id,
      topic: null,
    });
    expect(images.tracks.get(3)).toMatchObject({ state: "failed", reason: "it raised" });
    expect(images.processing).toBeNull();
  });

  it("are listed with number, state and reason", () => {
    let images = imagesAfter(NO_IMAGES, { ...envelope, type: "processing_started", ...image(3) });
    const lost = { state: "waiting", code: "too_little_overlap", reason: "too little overlap" } as const;
    const nothing = { world_from_camera: null, intrinsics: null, width_px: null, height_px: null } as const;
    const facts = { ...named, ...lost, ...nothing, component: 0, distortion: [], reprojection_error_px: null };
    const cameras = [{ ...image(1), ...facts, has_original: false }];
    images = { ...withImages(images, 3, cameras), cameras };
    const [first, third] = [image(1).image_id, image(3).image_id];
    expect(imageOf(images, first)).toMatchObject({ number: 1, state: "waiting", isPlaced: false, reason: lost.reason });
    expect(imageOf(images, first)).toMatchObject({ fileName: "IMG_0001.JPG", hasOriginal: false });
    expect(imageOf(images, third)).toMatchObject({ number: 3, state: "processing", fileName: null, hasOriginal: true });
    expect(imageOf(images, image(9).image_id)).toBeNull();
    expect([...images.tracks.values()].filter(isUnplaced).map(({ number }) => number)).toEqual([1]);
    expect([neighbourOf(images, first, 1), neighbourOf(images, first, -1)]).toEqual([third, null]);
  });

  it("keep their file's name while they are processed again, and learn that the original has come", () => {
    const facts = { ...named, state: "placed", component: 0, code: null, reason: null, distortion: [] } as const;
    const rest = { world_from_camera: null, intrinsics: null, width_px: null, height_px: null } as const;
    const camera = { ...image(3), ...facts, ...rest, reprojection_error_px: null, has_original: false };
    const preview = withImages(NO_IMAGES, 3, [camera]);
    const again = imagesAfter(preview, { ...envelope, type: "processing_started", ...image(3) });
    expect(again.tracks.get(3)).toMatchObject({ state: "processing", fileName: "IMG_0001.JPG", hasOriginal: false });
    const whole = withImages(again, 3, [{ ...camera, has_original: true }]);
    expect(whole.tracks.get(3)).toMatchObject({ state: "processing", hasOriginal: true });
  });

  it("are no longer in progress when the reconstructor goes offline", () => {
    const images = imagesAfter(NO_IMAGES, { ...envelope, type: "processing_started", ...image(3) });
    expect(imagesAfter(images, reconstructor("offline")).processing).toBeNull();
  });
});

describe("uploads and watchers", () => {
  const upload = {
    key: "k",
    fileName: "door.jpg",
    sizeBytes: 5,
    state: "sent",
    preview: null,
    imageId: image(1).image_id,
    imageNumber: null,
    code: null,
    reason: null,
    sentBytes: 0,
    missing: null,
    retryInMs: null,
  } as const;
  const receipt: UploadAcknowledged = {
    ...envelope,
    type: "upload_acknowledged",
    status: "stored",
    image_name: image(1).image_id,
    image_id: image(1).image_id,
    image_number: 4,
    sha256: null,
    code: null,
    reason: null,
    retry_at: null,
  };

  it("applies a receipt to the named photo only", () => {
    const state = follow(
      { kind: "upload", upload },
      { kind: "upload", upload: { ...upload, key: "o", imageId: null } },
      receipt,
    );
    expect(state.uploads.map(({ imageNumber, state: each }) => [each, imageNumber])).toEqual([
      ["stored", 4],
      ["sent", null],
    ]);
    expect(reduce(state, { kind: "uploads_cleared" }, 0, 0).uploads).toHaveLength(1);
  });

  it("applies the missing ranges to a photo in pieces", () => {
    const ranges = [{ begin: 0, end: 5 }];
    const missing = {
      ...envelope,
      type: "missing",
      pieces: [{ image_id: image(1).image_id, ranges }],
      sequences: [],
    } as const;
    const others = { ...upload, key: "o", imageId: image(2).image_id };
    const state = follow({ kind: "upload", upload }, { kind: "upload", upload: others }, missing);
    expect(state.uploads.map(({ missing: each }) => each)).toEqual([ranges, null]);
    expect(state.activity).toEqual([]);
    expect(follow({ kind: "upload", upload }, receipt, missing).uploads[0]?.missing).toBeNull();
  });

  it("counts viewers until they leave or the connection is lost", () => {
    const presence = { ...envelope, type: "presence", user: "anna", connection: "c1", program: "page" } as const;
    const state = follow(connected, presence, { ...presence, connection: "c2" });
    expect(state.watchers.size).toBe(2);
    expect(reduce(state, { kind: "watcher_left", connection: "c1" }, 0, 0).watchers.size).toBe(1);
    expect(
      reduce(state, { kind: "link", link: { kind: "lost", attempt: 1, isHeldBack: false } }, 0, 0).watchers.size,
    ).toBe(0);
  });
});
