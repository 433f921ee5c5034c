import { describe, expect, it } from "vitest";

import type { ImageTrack } from "../../src/scene/images";
import type { Upload } from "../../src/scene/uploading/uploads";
import type { ReconstructorState, UploadAcknowledged } from "../../src/wire/contract";
import { previewWords, uploadWords } from "../../src/ui/panels/upload-words";
import { initialState, type ProjectState } from "../../src/scene/state";
import { chipStory, imageWords, noticeWords, receiptWords } from "../../src/ui/words";

const UPLOAD: Upload = {
  key: "k",
  fileName: "IMG_0001.JPG",
  sizeBytes: 3_000_000,
  state: "queued",
  preview: null,
  imageId: null,
  imageNumber: null,
  code: null,
  reason: null,
  sentBytes: 0,
  missing: null,
  retryInMs: null,
};
const TRACK: ImageTrack = {
  number: 3,
  imageId: "walk-000003-0123456789abcdef",
  fileName: "IMG_0001.JPG",
  hasOriginal: false,
  state: "placed",
  code: null,
  reason: null,
};

const RECONSTRUCTOR: ReconstructorState = {
  schema: "1.0",
  sent_at: "2026-11-24T09:00:00Z",
  project: "chapel",
  type: "reconstructor_state",
  presence: "disk_full",
  boot_id: "b",
  store_id: null,
  epoch: 0,
  title: "",
  host: "",
  contested_since: null,
  black_box: "",
  has_manifest: false,
  image_count: 0,
  refetch_every: 10,
  takes_previews: false,
  preview_max_side_px: 1224,
  code: null,
  reason: null,
};

function receipt(change: Partial<UploadAcknowledged>): UploadAcknowledged {
  return {
    schema: "1.0",
    sent_at: "2026-11-24T09:00:00Z",
    project: "chapel",
    type: "upload_acknowledged",
    status: "previewed",
    image_name: "a",
    image_id: null,
    image_number: 3,
    sha256: null,
    code: null,
    reason: null,
    retry_at: null,
    ...change,
  };
}

describe("the words of an upload", () => {
  it("say that it is placed from its preview and what is still to come", () => {
    expect(uploadWords({ ...UPLOAD, state: "previewing" }, true)).toBe("Sending a small preview first");
    expect(uploadWords({ ...UPLOAD, preview: "sent" }, true)).toBe("Preview sent. Full size: in the queue");
    const placed = { ...UPLOAD, preview: "placed", imageNumber: 3 } as const;
    expect(uploadWords(placed, true)).toBe("Placed from its preview as image 3. Full size: in the queue");
    expect(uploadWords({ ...placed, state: "sending", sentBytes: 1_200_000 }, true)).toBe(
      "Placed from its preview as image 3. Full size: 1.2 MB of 3.0 MB sent",
    );
    expect(uploadWords({ ...placed, state: "stored" }, true)).toBe("Stored as image 3");
    expect(uploadWords({ ...placed, state: "waiting", reason: "One photo in a second" }, true)).toMatch(/^One photo/);
  });

  it("say that nothing is on its way without a connection", () => {
    for (const state of ["queued", "previewing", "sending", "sent"] as const)
      expect(uploadWords({ ...UPLOAD, state }, false)).toBe("Waits for the connection");
    expect(uploadWords({ ...UPLOAD, state: "stored" }, false)).toBe("Stored");
  });

  it("say that what was not taken is kept for another try, where the browser keeps it", () => {
    const failed = { ...UPLOAD, state: "failed", code: "publish_refused", reason: "the broker is full" } as const;
    expect(uploadWords(failed, true, true)).toBe("Kept on this device until it is sent again. The broker is full");
    expect(uploadWords(failed, true)).toBe("The broker is full");
    expect(uploadWords({ ...failed, code: "look_only" }, true, true)).toBe("The broker is full");
  });

  it("count the photographs whose full size is missing", () => {
    expect(previewWords(1)).toContain("1 photo is placed from a small preview. Its full size is");
    expect(previewWords(1200)).toContain("1,200 photos are placed from a small preview. Their full sizes are");
  });
});

describe("the words of a receipt", () => {
  it("tell a preview from its photograph", () => {
    expect(receiptWords(receipt({})).text).toBe(
      "The preview of your photo is here as image 3. Its full size is still to come",
    );
    expect(receiptWords(receipt({ status: "stored" })).text).toBe("Your photo is stored as image 3");
    expect(receiptWords(receipt({ status: "preview_refused", reason: "Not now" })).text).toContain("Not now");
  });
});

describe("the words of a chip", () => {
  it("tell a disk budget that is used up from a full disk", () => {
    const waiting = (code: string): ProjectState => ({
      ...initialState("chapel", { points: 100, bytes: 10_000 }),
      reconstructor: { ...RECONSTRUCTOR, code, reason: "8.0 MiB of 8.0 MiB" },
    });
    const stale = { kind: "stale", presence: "disk_full" } as const;
    expect(chipStory(stale, waiting("disk_budget"))).toContain("8.0 MiB of 8.0 MiB");
    expect(chipStory(stale, waiting("disk_full"))).toContain("disk is full");
  });
});

describe("the words of an image", () => {
  it("name its file, and say when only the preview is there", () => {
    expect(imageWords(TRACK)).toBe("Image 3, IMG_0001.JPG: placed. Preview only: full size not here yet");
    expect(imageWords({ ...TRACK, fileName: null, hasOriginal: true })).toBe("Image 3: placed");
  });
});

it("without a network the page promises only what the browser keeps", () => {
  const state = initialState("chapel", { points: 1, shards: 1 } as never);
  const words = (isKeeping: boolean): string => noticeWords({ kind: "unreachable" }, state, false, isKeeping).text;
  expect(words(true)).toContain("photos taken until then are kept");
  expect(words(false)).toContain("keeps no photos");
});
