/** How does the page send photographs? Two at a time, named by content, sent again until the receipt arrives. */
import { MAX_IMAGE_BYTES } from "../wire/contract";
import { sha256 } from "../wire/digest";
import { WireError, sentenceOf } from "../wire/errors";
import { freshName, imageId } from "../wire/ids";
import type { Follower } from "./follower";
import { PIECE_BYTES, SINGLE_BYTES, heldBytes, piecesOf } from "./pieces";
import type { Requests } from "./requests";
import type { Upload, UploadState } from "./uploads";
import { isOver } from "./uploads";

/** The part of a browser's `File` that an upload needs. */
export interface Photograph {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

interface Content {
  readonly id: string;
  readonly digest: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly fileName: string;
}

const STEP_MS = 50;
const ANSWER_PATIENCE_MS = 5000;
const UNDER_WAY = 2;
const RECEIPT_PATIENCE_MS = 15_000;
const MOST_SENDINGS = 8;
const LONGEST_TIMER_MS = 24 * 3600 * 1000;

/** A queue of photographs, of which two are sent at a time. */
export class Uploader {
  private readonly session = `page-${freshName().slice(0, 10)}`;
  private readonly waiting: { readonly key: string; readonly photograph: Photograph }[] = [];
  private sequence = 0;
  private running = 0;

  constructor(
    private readonly follower: Pick<Follower, "dispatch" | "state">,
    private readonly requests: Pick<Requests, "publishImage" | "publishPiece" | "publishUpload" | "room">,
  ) {}

  add(photographs: Iterable<Photograph>): void {
    for (const photograph of photographs) {
      const key = freshName();
      this.follower.dispatch({
        kind: "upload",
        upload: {
          key,
          fileName: photograph.name,
          sizeBytes: photograph.size,
          state: "queued",
          imageId: null,
          imageNumber: null,
          reason: null,
          sentBytes: 0,
          missing: null,
          retryInMs: null,
        },
      });
      this.waiting.push({ key, photograph });
    }
    this.pump();
  }

  private pump(): void {
    while (this.running < UNDER_WAY) {
      const next = this.waiting.shift();
      if (!next) return;
      this.running += 1;
      void this.send(next.key, next.photograph).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  private async send(key: string, photograph: Photograph): Promise<void> {
    try {
      this.set(key, "reading");
      const { bytes, contentType } = await read(photograph);
      const fileName = plainName(photograph.name);
      this.sequence += 1;
      const digest = await sha256(bytes);
      const id = imageId(this.session, this.sequence, digest);
      this.follower.dispatch({ kind: "upload_change", key, change: { imageId: id } });
      for (let left = MOST_SENDINGS; left > 0 && !this.isOver(key); left = (await this.quota(key)) ? left : left - 1) {
        this.set(key, "sending");
        if (bytes.length > Math.min(SINGLE_BYTES, this.requests.room(id)))
          await this.sendPieces(key, { id, digest, bytes, contentType, fileName });
        else await this.requests.publishImage(id, bytes, { contentType, fileName });
        if (!this.isAnswered(key)) this.set(key, "sent");
        await this.receipt(key);
      }
      if (!this.isOver(key))
        throw new WireError("publish_refused", "No receipt arrived. Is the reconstructor running?");
    } catch (thrown) {
      this.follower.dispatch({ kind: "upload_change", key, change: { state: "failed", reason: sentenceOf(thrown) } });
    }
  }

  /** Send begin, the missing pieces and end. Repeat as long as the reconstructor reports missing ranges. */
  private async sendPieces(key: string, { bytes, contentType, digest, fileName, id }: Content): Promise<void> {
    const pieceBytes = Math.max(1, Math.min(PIECE_BYTES, this.requests.room(id)));
    const announcement = { image_id: id, sha256: digest, size_bytes: bytes.length, piece_bytes: pieceBytes };
    this.change(key, { missing: null });
    await this.requests.publishUpload({ ...announcement, content_type: contentType }, fileName);
    let missing = (await this.answer(key)) ?? [{ begin: 0, end: bytes.length }];
    while (missing.length > 0 && !this.isAnswered(key)) {
      let sentBytes = heldBytes(missing, bytes.length);
      for (const { begin, end } of piecesOf(missing, bytes.length, pieceBytes)) {
        if (this.isAnswered(key)) return;
        await this.requests.publishPiece(id, begin, bytes.subarray(begin, end));
        sentBytes += end - begin;
        this.change(key, { sentBytes });
      }
      this.change(key, { missing: null });
      await this.requests.publishUpload(announcement, fileName);
      missing = (await this.answer(key)) ?? [];
    }
  }

  /** Wait for the missing ranges; null when a receipt arrives instead, or no answer. */
  private async answer(key: string): Promise<Upload["missing"]> {
    for (let waited = 0; waited < ANSWER_PATIENCE_MS && !this.isAnswered(key); waited += STEP_MS) {
      const missing = this.find(key)?.missing ?? null;
      if (missing) return missing;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
    return null;
  }

  /** Wait for the receipt. Time without connection or reconstructor does not count, because no receipt can arrive. */
  private async receipt(key: string): Promise<void> {
    const step = 100;
    for (let waited = 0; waited < RECEIPT_PATIENCE_MS && !this.isAnswered(key);) {
      await new Promise((resolve) => setTimeout(resolve, step));
      const { link, reconstructor } = this.follower.state;
      if (link.kind === "closed" || link.kind === "refused") return;
      if (link.kind === "connected" && reconstructor?.presence !== "offline") waited += step;
    }
  }

  /** Wait until a quota takes the photograph again; false when none keeps it. */
  private async quota(key: string): Promise<boolean> {
    const upload = this.find(key);
    if (upload?.state !== "waiting") return false;
    await new Promise((resolve) => setTimeout(resolve, Math.min(upload.retryInMs ?? 0, LONGEST_TIMER_MS)));
    return true;
  }

  private set(key: string, state: UploadState): void {
    this.change(key, { state });
  }

  private change(key: string, change: Partial<Upload>): void {
    this.follower.dispatch({ kind: "upload_change", key, change });
  }

  private find(key: string): Upload | undefined {
    return this.follower.state.uploads.find((each) => each.key === key);
  }

  private isOver(key: string): boolean {
    const upload = this.find(key);
    return !upload || isOver(upload);
  }

  private isAnswered(key: string): boolean {
    return this.isOver(key) || this.find(key)?.state === "waiting";
  }
}

const SIGNATURES: readonly (readonly [contentType: string, pattern: RegExp])[] = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG\r\n/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/tiff", /^(?:II\*\0|MM\0\*)/],
];

/** Read the bytes and detect the format by the first bytes. A file name is not reliable. */
/** A file's name without the control signs for which a broker ends the connection. */
function plainName(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cs}]/gu, "_").slice(-120);
}

async function read(photograph: Photograph): Promise<{ bytes: Uint8Array<ArrayBuffer>; contentType: string }> {
  if (photograph.size > MAX_IMAGE_BYTES)
    throw new WireError("image_too_large", `A photo may have at most ${Math.floor(MAX_IMAGE_BYTES / 1e6)} MB.`);
  const bytes = new Uint8Array(await photograph.arrayBuffer());
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  const contentType = SIGNATURES.find(([, pattern]) => pattern.test(head))?.[0];
  if (!contentType) throw new WireError("not_an_image", "This file is no JPEG, PNG, WebP or TIFF photo.");
  return { bytes, contentType };
}
