import { describe, expect, it, vi } from "vitest";

import type { Announcement } from "../../src/scene/requests";
import { PIECE_BYTES, SINGLE_BYTES, heldBytes, pieceBytesAt, piecesOf } from "../../src/scene/uploading/pieces";
import type { Action, ProjectState } from "../../src/scene/state";
import { initialState, reduce } from "../../src/scene/state";
import { Uploader } from "../../src/scene/uploading/uploader";
import { DESKTOP_BUDGET } from "../../src/scene/wanted";
import type { ByteRange } from "../../src/wire/contract";
import { WireError } from "../../src/wire/errors";
import type { ReadMessage } from "../../src/wire/messages";

const envelope = { schema: "1.0", sent_at: "2026-11-24T09:00:00Z", project: "chapel" } as const;

/** A reconstructor that assembles pieces, loses the first one once, and sends a receipt for the whole. */
class Reconstructor {
  state: ProjectState = initialState("chapel", DESKTOP_BUDGET);
  readonly singles: Uint8Array[] = [];
  readonly progress: number[] = [];
  content = new Uint8Array();
  pieceCount = 0;
  longestPiece = 0;
  quotaCount = 0;
  private held: ByteRange[] = [];
  private isForgetting = true;

  constructor(private readonly roomBytes = Infinity) {}

  room(): number {
    return this.roomBytes;
  }

  dispatch(action: Action): void {
    this.state = reduce(this.state, action, 0, 0);
    const sent = this.state.uploads[0]?.sentBytes ?? 0;
    if (sent !== this.progress.at(-1)) this.progress.push(sent);
  }

  publishImage(name: string, payload: Uint8Array): Promise<void> {
    this.singles.push(payload);
    this.tell("upload_acknowledged", name, []);
    return Promise.resolve();
  }

  publishPreview(): Promise<void> {
    return Promise.reject(new Error("no preview was asked for"));
  }

  publishUpload({ content_type: contentType, image_id: imageId, size_bytes: size }: Announcement): Promise<void> {
    if (contentType !== undefined) this.content = new Uint8Array(size);
    const ranges = this.lacking(size);
    if (ranges.length > 0 || contentType !== undefined) this.tell("missing", imageId, ranges);
    else this.tell("upload_acknowledged", imageId, []);
    return Promise.resolve();
  }

  publishPiece(_imageId: string, offset: number, piece: Uint8Array): Promise<void> {
    this.pieceCount += 1;
    this.longestPiece = Math.max(this.longestPiece, piece.length);
    if (offset === 0 && this.isForgetting) this.isForgetting = false;
    else {
      this.content.set(piece, offset);
      this.held.push({ begin: offset, end: offset + piece.length });
    }
    return Promise.resolve();
  }

  private lacking(size: number): ByteRange[] {
    return piecesOf([{ begin: 0, end: size }], size).filter(
      ({ begin }) => !this.held.some((each) => each.begin === begin),
    );
  }

  private tell(type: "missing" | "upload_acknowledged", imageId: string, ranges: readonly ByteRange[]): void {
    const message: ReadMessage =
      type === "missing"
        ? { ...envelope, type, pieces: [{ image_id: imageId, ranges }], sequences: [] }
        : {
            ...envelope,
            type,
            status: this.quotaCount > 0 ? "rejected" : "stored",
            image_name: imageId,
            image_id: imageId,
            image_number: 1,
            sha256: null,
            code: null,
            reason: this.quotaCount > 0 ? "One photo in a second" : null,
            retry_at: this.quotaCount > 0 ? "2026-11-24T09:00:01Z" : null,
          };
    if (type === "upload_acknowledged") this.quotaCount -= 1;
    setTimeout(() => {
      this.dispatch({ kind: "message", message, bytes: 1 });
    }, 1);
  }
}

const noPreview = (): Promise<null> => Promise.resolve(null);

function jpegOf(size: number): { name: string; size: number; arrayBuffer: () => Promise<ArrayBuffer> } {
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7) & 255);
  bytes.set([0xff, 0xd8, 0xff, 0xe0]);
  return { name: "door.jpg", size, arrayBuffer: () => Promise.resolve(bytes.buffer) };
}

describe("a large photograph", () => {
  it("goes in pieces, shows its progress, and repeats only the missing pieces", async () => {
    const reconstructor = new Reconstructor();
    const size = SINGLE_BYTES + 1000;
    const photograph = jpegOf(size);
    new Uploader(reconstructor, reconstructor, noPreview).add([photograph]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state, { timeout: 4000 }).toBe("stored");
    expect(Buffer.from(await photograph.arrayBuffer()).equals(reconstructor.content)).toBe(true);
    expect(reconstructor.pieceCount).toBe(Math.ceil(size / PIECE_BYTES) + 1);
    expect(reconstructor.progress.slice(0, 3)).toEqual([0, PIECE_BYTES, 2 * PIECE_BYTES]);
    expect(reconstructor.progress.at(-1)).toBe(size);
    expect(reconstructor.singles).toEqual([]);
  });

  it("goes in pieces that the broker takes, however small it is", async () => {
    const room = PIECE_BYTES / 4;
    const reconstructor = new Reconstructor(room);
    const photograph = jpegOf(3 * PIECE_BYTES);
    new Uploader(reconstructor, reconstructor, noPreview).add([photograph]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state, { timeout: 4000 }).toBe("stored");
    expect(Buffer.from(await photograph.arrayBuffer()).equals(reconstructor.content)).toBe(true);
    expect(reconstructor.longestPiece).toBe(room);
    expect(reconstructor.singles).toEqual([]);
  });

  it("is one message when it is small", async () => {
    const reconstructor = new Reconstructor();
    new Uploader(reconstructor, reconstructor, noPreview).add([jpegOf(SINGLE_BYTES)]);
    await expect.poll(() => reconstructor.singles.length, { timeout: 4000 }).toBe(1);
    expect(reconstructor.pieceCount).toBe(0);
  });

  it("waits while a quota keeps it, and is then sent again", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.quotaCount = 1;
    new Uploader(reconstructor, reconstructor, noPreview).add([jpegOf(1000)]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state, { timeout: 4000 }).toBe("waiting");
    expect(reconstructor.state.uploads[0]?.reason).toBe("One photo in a second");
    expect(reconstructor.singles.length).toBe(1);
    await expect.poll(() => reconstructor.state.uploads[0]?.state, { timeout: 4000 }).toBe("stored");
    expect(reconstructor.singles.length).toBe(2);
  });
});

describe("a large photograph that a quota keeps when all its pieces have come", () => {
  it("only says the end again", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.quotaCount = 1;
    new Uploader(reconstructor, reconstructor, noPreview).add([jpegOf(SINGLE_BYTES + 1000)]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state, { timeout: 4000 }).toBe("waiting");
    const { pieceCount } = reconstructor;
    await expect.poll(() => reconstructor.state.uploads[0]?.state, { timeout: 4000 }).toBe("stored");
    expect(reconstructor.pieceCount).toBe(pieceCount);
  });
});

describe("a photograph that was not taken", () => {
  const forgotten = async (code: WireError["code"]): Promise<readonly string[]> => {
    const reconstructor = new Reconstructor();
    reconstructor.publishImage = () => Promise.reject(new WireError(code, "not taken"));
    const keys: string[] = [];
    const keeper = { keep: () => undefined, name: () => undefined, forget: (key: string) => keys.push(key) };
    new Uploader(reconstructor, reconstructor, noPreview, keeper).add([jpegOf(1000)]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state).toBe("failed");
    expect(reconstructor.state.uploads[0]?.code).toBe(code);
    return keys;
  };

  it.each(["publish_refused", "no_receipt"] as const)("stays kept after %s", async (code) => {
    expect(await forgotten(code)).toEqual([]);
  });

  it("is not kept when no later try can help", async () => {
    expect(await forgotten("not_an_image")).toHaveLength(1);
    expect(await forgotten("look_only")).toHaveLength(1);
  });

  it("is sent again when it is asked for, and stays in the list until then", async () => {
    const reconstructor = new Reconstructor();
    const refusal = vi
      .spyOn(reconstructor, "publishImage")
      .mockRejectedValueOnce(new WireError("publish_refused", "full"));
    const uploader = new Uploader(reconstructor, reconstructor, noPreview);
    uploader.add([jpegOf(1000)]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state).toBe("failed");
    reconstructor.dispatch({ kind: "uploads_cleared" });
    expect(reconstructor.state.uploads).toHaveLength(1);
    expect(refusal).toHaveBeenCalledOnce();
    uploader.retry();
    await expect.poll(() => reconstructor.state.uploads[0]?.state).toBe("stored");
    expect(reconstructor.state.uploads[0]?.code).toBe(null);
    expect(reconstructor.singles).toHaveLength(1);
    uploader.retry();
    expect(reconstructor.state.uploads[0]?.state).toBe("stored");
  });

  it("is kept no longer when a receipt came after all", async () => {
    const reconstructor = new Reconstructor();
    reconstructor.publishImage = () => Promise.reject(new WireError("publish_refused", "full"));
    const keys: string[] = [];
    const keeper = { keep: () => undefined, name: () => undefined, forget: (key: string) => keys.push(key) };
    const uploader = new Uploader(reconstructor, reconstructor, noPreview, keeper);
    uploader.add([jpegOf(1000)]);
    await expect.poll(() => reconstructor.state.uploads[0]?.state).toBe("failed");
    const { key = "" } = reconstructor.state.uploads[0] ?? {};
    reconstructor.dispatch({ kind: "upload_change", key, change: { state: "stored" } });
    uploader.retry();
    expect([keys, reconstructor.state.uploads[0]?.state]).toEqual([[key], "stored"]);
  });

  it("has a code when its file cannot be read", async () => {
    const reconstructor = new Reconstructor();
    const gone = { ...jpegOf(1000), arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) };
    new Uploader(reconstructor, reconstructor, noPreview).add([gone]);
    await expect.poll(() => reconstructor.state.uploads[0]?.code).toBe("unreadable_file");
  });

  it("is not sent twice when it was claimed by another tab meanwhile and comes back", () => {
    const reconstructor = new Reconstructor();
    const uploader = new Uploader(reconstructor, reconstructor, noPreview);
    const unsent = { key: "a", imageId: null, photograph: jpegOf(1000) };
    uploader.resume([unsent]);
    uploader.resume([unsent]);
    expect(reconstructor.state.uploads).toHaveLength(1);
  });
});

describe("pieces", () => {
  it("take two seconds, within limits", () => {
    const rates = [null, 0, 20_000, 1e9];
    expect(rates.map(pieceBytesAt)).toEqual([PIECE_BYTES, 16 * 1024, 40_000, PIECE_BYTES]);
  });

  it("cover the missing ranges and nothing beyond the photograph", () => {
    const ranges = [{ begin: 10, end: 10 + PIECE_BYTES + 5 }, { begin: 900_000, end: 2_000_000 }]; // prettier-ignore
    const pieces = piecesOf(ranges, 900_100);
    expect(pieces).toEqual([
      { begin: 10, end: 10 + PIECE_BYTES },
      { begin: 10 + PIECE_BYTES, end: 15 + PIECE_BYTES },
      { begin: 900_000, end: 900_100 },
    ]);
    expect(heldBytes(ranges, 900_100)).toBe(900_100 - PIECE_BYTES - 5 - 100);
    expect(piecesOf([{ begin: 50, end: 40 }], 100)).toEqual([]);
  });
});
