import { describe, expect, it } from "vitest";

import { LinkRate } from "../../src/scene/uploading/link-rate";
import { PIECE_BYTES, SINGLE_BYTES } from "../../src/scene/uploading/pieces";
import type { Announcement } from "../../src/scene/requests";
import type { Action, News, ProjectState } from "../../src/scene/state";
import { initialState, reduce } from "../../src/scene/state";
import type { Upload } from "../../src/scene/uploading/uploads";
import type { PhotographKeeper } from "../../src/scene/uploading/photographs";
import { Uploader } from "../../src/scene/uploading/uploader";
import { DESKTOP_BUDGET } from "../../src/scene/wanted";
import type { ReceiptStatus } from "../../src/wire/contract";
import type { Preview } from "../../src/wire/photographs/preview";

const envelope = { schema: "1.0", sent_at: "2026-11-24T09:00:00Z", project: "chapel" } as const;
const SLOW_BYTES_PER_MS = 20;

/** A reconstructor that takes previews, over a link that is as slow as a test can bear; it notes what came in which order. */
class Reconstructor {
  state: ProjectState = initialState("chapel", DESKTOP_BUDGET);
  readonly arrived: string[] = [];
  readonly made: string[] = [];
  /** The receipt of each preview. */
  previewStatus: ReceiptStatus = "previewed";
  pieceBytes = 0;
  private pieceCount = 0;
  /** Called with each arrival before it is answered. */
  onArrival: (what: string) => void = () => undefined;
  private readonly numbers = new Map<string, number>();
  private quotaLeft: number;

  constructor({ quota = Infinity, takesPreviews = true } = {}) {
    this.quotaLeft = quota;
    this.dispatch({ kind: "link", link: { kind: "connected", count: 1 } });
    this.tell({
      ...envelope,
      type: "reconstructor_state",
      presence: "ready",
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
      takes_previews: takesPreviews,
      preview_max_side_px: 1224,
      code: null,
      reason: null,
    });
  }

  get uploads(): readonly Upload[] {
    return this.state.uploads;
  }

  room(): number {
    return Infinity;
  }

  dispatch(action: Action): void {
    this.state = reduce(this.state, action, 0, 0);
  }

  tell(message: News): void {
    this.dispatch({ kind: "message", message, bytes: 1 });
  }

  want(...images: string[]): void {
    this.tell({ ...envelope, type: "wanted", images });
  }

  makePreview = (bytes: Uint8Array, contentType: string, maxSidePx: number): Promise<Preview> => {
    this.made.push(`${bytes.length} ${contentType} ${maxSidePx}`);
    return Promise.resolve({ bytes: new Uint8Array(100), contentType: "image/webp" });
  };

  async publishPreview(id: string, bytes: Uint8Array, { fileName }: { fileName: string }): Promise<void> {
    await this.arrive(`preview ${fileName}`, bytes.length);
    this.quotaLeft -= 1;
    if (this.quotaLeft < 0) {
      this.quotaLeft = Infinity;
      this.answer(id, "rejected", "2026-11-24T09:00:01Z");
    } else this.answer(id, this.previewStatus);
  }

  async publishImage(id: string, bytes: Uint8Array, { fileName }: { fileName: string }): Promise<void> {
    await this.arrive(`original ${fileName}`, bytes.length);
    this.answer(id, "stored");
  }

  async publishUpload(
    { content_type: type, image_id: id, size_bytes: size }: Announcement,
    fileName: string,
  ): Promise<void> {
    await this.arrive(`${type === undefined ? "end" : "begin"} ${fileName}`, 100);
    if (type === undefined) this.answer(id, "stored");
    else
      this.later({
        ...envelope,
        type: "missing",
        pieces: [{ image_id: id, ranges: [{ begin: 0, end: size }] }],
        sequences: [],
      });
  }

  async publishPiece(_id: string, _offset: number, piece: Uint8Array): Promise<void> {
    this.pieceBytes += piece.length;
    await this.arrive(`piece ${this.pieceCount}`, piece.length);
    this.pieceCount += 1;
  }

  private async arrive(what: string, sizeBytes: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.min(10, sizeBytes / SLOW_BYTES_PER_MS)));
    this.arrived.push(what);
    this.onArrival(what);
  }

  private answer(id: string, status: ReceiptStatus, retryAt: string | null = null): void {
    if (status !== "rejected" && !this.numbers.has(id)) this.numbers.set(id, this.numbers.size + 1);
    this.later({
      ...envelope,
      type: "upload_acknowledged",
      status,
      image_name: id,
      image_id: id,
      image_number: this.numbers.get(id) ?? null,
      sha256: null,
      code: null,
      reason: retryAt === null ? null : "One photo in a second",
      retry_at: retryAt,
    });
  }

  private later(message: News): void {
    setTimeout(() => {
      this.tell(message);
    }, 1);
  }
}

function jpegOf(name: string, size: number): { name: string; size: number; arrayBuffer: () => Promise<ArrayBuffer> } {
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7) & 255);
  bytes.set([0xff, 0xd8, 0xff, 0xe0, name.charCodeAt(0)]);
  return { name, size, arrayBuffer: () => Promise.resolve(bytes.slice().buffer) };
}

function uploaderOf(reconstructor: Reconstructor): Uploader {
  return new Uploader(reconstructor, reconstructor, reconstructor.makePreview);
}

async function allStored(reconstructor: Reconstructor, count: number): Promise<void> {
  const states = (): string[] => reconstructor.uploads.map(({ state }) => state);
  await expect.poll(states, { timeout: 8000 }).toEqual(Array(count).fill("stored"));
}

const QUEUED: Upload = {
  key: "k",
  fileName: "a.jpg",
  sizeBytes: 1,
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
const BIG = 400_000; // as one message; on the unknown link some 13 s

describe("previews", () => {
  it("all go before the first original, and give the numbers", async () => {
    const reconstructor = new Reconstructor();
    uploaderOf(reconstructor).add(["a.jpg", "b.jpg", "c.jpg"].map((name) => jpegOf(name, BIG)));
    await allStored(reconstructor, 3);
    expect(reconstructor.arrived.slice(0, 3)).toEqual(["preview a.jpg", "preview b.jpg", "preview c.jpg"]);
    expect(reconstructor.arrived.slice(3)).toEqual(["original a.jpg", "original b.jpg", "original c.jpg"]);
    expect(reconstructor.uploads.map(({ imageNumber }) => imageNumber)).toEqual([1, 2, 3]);
    expect(reconstructor.made).toEqual(Array(3).fill(`${BIG} image/jpeg 1224`));
  });

  it("of photographs that are added later go before the next piece of an original under way", async () => {
    const reconstructor = new Reconstructor();
    const uploader = uploaderOf(reconstructor);
    reconstructor.onArrival = (what) => {
      if (what === "piece 1") uploader.add([jpegOf("b.jpg", BIG)]);
    };
    uploader.add([jpegOf("a.jpg", SINGLE_BYTES + 3 * PIECE_BYTES)]);
    await allStored(reconstructor, 2);
    const { arrived } = reconstructor;
    expect(arrived[arrived.indexOf("piece 1") + 1]).toBe("preview b.jpg");
    expect(reconstructor.pieceBytes).toBe(SINGLE_BYTES + 3 * PIECE_BYTES);
  });

  it("let the reconstructor choose which originals come first", async () => {
    const reconstructor = new Reconstructor();
    const names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"];
    reconstructor.onArrival = (what) => {
      if (what !== "preview e.jpg") return;
      const idOf = (name: string): string =>
        reconstructor.uploads.find(({ fileName }) => fileName === name)?.imageId ?? "";
      reconstructor.want("other-000001-0123456789abcdef", idOf("d.jpg"), idOf("b.jpg"));
    };
    uploaderOf(reconstructor).add(names.map((name) => jpegOf(name, BIG)));
    await allStored(reconstructor, 5);
    const originals = reconstructor.arrived.slice(5);
    expect(new Set(originals.slice(0, 2))).toEqual(new Set(["original d.jpg", "original b.jpg"]));
    expect(originals.slice(2)).toEqual(["original a.jpg", "original c.jpg", "original e.jpg"]);
  });

  it("leave the photograph to be sent, with its number, until its own receipt", async () => {
    const reconstructor = new Reconstructor();
    const seen: (readonly [string, string | null, number | null])[] = [];
    reconstructor.onArrival = (what) => {
      const [upload] = reconstructor.uploads;
      if (what === "piece 0" && upload) seen.push([upload.state, upload.preview, upload.imageNumber]);
    };
    uploaderOf(reconstructor).add([jpegOf("a.jpg", SINGLE_BYTES + 1)]);
    await allStored(reconstructor, 1);
    expect(seen).toEqual([["sending", "placed", 1]]);
  });

  it("that are refused let the photograph go alone", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.previewStatus = "preview_refused";
    uploaderOf(reconstructor).add([jpegOf("a.jpg", BIG)]);
    await allStored(reconstructor, 1);
    expect(reconstructor.arrived).toEqual(["preview a.jpg", "original a.jpg"]);
    expect(reconstructor.uploads[0]?.preview).toBeNull();
  });

  it("that the broker does not take let the photograph go alone", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.publishPreview = () => Promise.reject(new Error("too large"));
    uploaderOf(reconstructor).add([jpegOf("a.jpg", BIG)]);
    await allStored(reconstructor, 1);
    expect(reconstructor.arrived).toEqual(["original a.jpg"]);
  });

  it("end the upload when the original is there already", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.previewStatus = "duplicate";
    uploaderOf(reconstructor).add([jpegOf("a.jpg", BIG), jpegOf("b.jpg", BIG)]);
    const states = (): string[] => reconstructor.uploads.map(({ state }) => state);
    await expect.poll(states, { timeout: 4000 }).toEqual(["duplicate", "duplicate"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(reconstructor.arrived).toEqual(["preview a.jpg", "preview b.jpg"]);
  });

  it("end the keeping of a photograph that is there already, and of one that is no photograph", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.previewStatus = "duplicate";
    const kept = new Set<string>();
    const keeper: PhotographKeeper = {
      keep: (key) => kept.add(key),
      name: () => undefined,
      forget: (key) => kept.delete(key),
    };
    const text = { ...jpegOf("b.txt", BIG), arrayBuffer: () => Promise.resolve(new ArrayBuffer(BIG)) };
    new Uploader(reconstructor, reconstructor, reconstructor.makePreview, keeper).add([jpegOf("a.jpg", BIG), text]);
    expect(kept.size).toBe(2);
    await expect.poll(() => kept.size, { timeout: 4000 }).toBe(0);
  });

  it("wait for a quota, and go first again after it", async () => {
    const reconstructor = new Reconstructor({ quota: 1 });
    uploaderOf(reconstructor).add([jpegOf("a.jpg", BIG), jpegOf("b.jpg", BIG)]);
    await expect.poll(() => reconstructor.uploads[1]?.state, { timeout: 4000 }).toBe("waiting");
    await allStored(reconstructor, 2);
    expect(reconstructor.arrived.filter((what) => what.endsWith("b.jpg"))).toEqual([
      "preview b.jpg",
      "preview b.jpg",
      "original b.jpg",
    ]);
  });

  it("are made by nobody when the reconstructor takes none, and of no small photograph", async () => {
    const without = new Reconstructor({ takesPreviews: false });
    uploaderOf(without).add([jpegOf("a.jpg", BIG)]);
    const small = new Reconstructor();
    uploaderOf(small).add([jpegOf("a.jpg", 20_000)]);
    await allStored(without, 1);
    await allStored(small, 1);
    expect([...without.made, ...small.made]).toEqual([]);
  });

  it("say so when a file cannot be read, and the others go on", async () => {
    const reconstructor = new Reconstructor();
    const broken = { ...jpegOf("a.jpg", BIG), arrayBuffer: () => Promise.reject(new Error("The file is gone.")) };
    uploaderOf(reconstructor).add([broken, jpegOf("b.jpg", BIG)]);
    await expect.poll(() => reconstructor.uploads[1]?.state, { timeout: 4000 }).toBe("stored");
    expect(reconstructor.uploads[0]).toMatchObject({ state: "failed", code: "unreadable_file" });
    expect(reconstructor.arrived).toEqual(["preview b.jpg", "original b.jpg"]);
  });
});

describe("a late receipt", () => {
  it("of a preview does not open an upload that is stored", async () => {
    const reconstructor = new Reconstructor();
    const imageId = "walk-000001-0123456789abcdef";
    reconstructor.dispatch({ kind: "upload", upload: { ...QUEUED, imageId, state: "stored" } });
    await reconstructor.publishPreview(imageId, new Uint8Array(1), { fileName: "a.jpg" });
    await expect.poll(() => reconstructor.state.activity[0]?.message.type).toBe("upload_acknowledged");
    expect(reconstructor.uploads).toEqual([{ ...QUEUED, imageId, state: "stored" }]);
  });
});

describe("the rate of the link", () => {
  it("is guessed low, falls at once, and rises with several measurements", () => {
    const rate = new LinkRate();
    expect(rate.secondsFor(3_000_000)).toBe(100);
    rate.note(1_000_000, 1000);
    expect(rate.secondsFor(3_000_000)).toBe(3);
    rate.note(10_000, 1000);
    expect(rate.secondsFor(3_000_000)).toBe(300);
    rate.note(1_000_000, 1000);
    expect(rate.secondsFor(3_000_000)).toBeCloseTo(300 / 1.3);
  });
});
