/** How is one photograph sent? Whole or in pieces, again until the receipt arrives. */
import { WireError } from "../../wire/errors";
import type { LinkRate } from "./link-rate";
import type { Named } from "./photographs";
import { SINGLE_BYTES, heldBytes, pieceBytesAt, piecesOf } from "./pieces";
import { slept } from "./slept";
import type { UploadRequests, UploadView } from "./upload-state";
import type { Upload } from "./uploads";

const STEP_MS = 50;
const ANSWER_PATIENCE_MS = 5000;
const RECEIPT_PATIENCE_MS = 15_000;
const MOST_SENDINGS = 8;

export class OriginalSender {
  /** `previewsSent` resolves when no preview has to go first. */
  constructor(
    private readonly uploads: UploadView,
    private readonly requests: UploadRequests,
    private readonly rate: LinkRate,
    private readonly previewsSent: () => Promise<void>,
  ) {}

  /** Send until the receipt. Throws when none arrives. */
  async send(key: string, named: Named, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { contentType, fileName, id } = named;
    const isWhole = bytes.length <= Math.min(SINGLE_BYTES, this.requests.room(id));
    for (let left = MOST_SENDINGS; left > 0 && !this.uploads.isOver(key);) {
      await this.previewsSent();
      this.uploads.set(key, "sending");
      if (isWhole) await this.timed(bytes, this.requests.publishImage(id, bytes, { contentType, fileName }));
      else await this.sendPieces(key, named, bytes);
      if (!this.uploads.isAnswered(key)) this.uploads.set(key, "sent");
      await this.receipt(key);
      if (!(await this.uploads.quota(key))) left -= 1;
    }
    if (!this.uploads.isOver(key))
      throw new WireError("no_receipt", "No receipt arrived. Is the reconstructor running?");
  }

  /** Send begin, the missing pieces and end. Repeat as long as the reconstructor reports missing ranges. */
  private async sendPieces(
    key: string,
    { contentType, digest, fileName, id }: Named,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const pieceBytes = Math.max(1, Math.min(pieceBytesAt(this.rate.bytesPerS), this.requests.room(id)));
    const announcement = { image_id: id, sha256: digest, size_bytes: bytes.length, piece_bytes: pieceBytes };
    this.uploads.change(key, { missing: null });
    await this.requests.publishUpload({ ...announcement, content_type: contentType }, fileName);
    let missing = (await this.answer(key)) ?? [{ begin: 0, end: bytes.length }];
    // With none missing, all of it came before a quota or a crash, and only the end is to be said again.
    while (!this.uploads.isAnswered(key)) {
      let sentBytes = heldBytes(missing, bytes.length);
      for (const { begin, end } of piecesOf(missing, bytes.length, pieceBytes)) {
        await this.previewsSent();
        if (this.uploads.isAnswered(key)) return;
        const piece = bytes.subarray(begin, end);
        await this.timed(piece, this.requests.publishPiece(id, begin, piece));
        sentBytes += end - begin;
        this.uploads.change(key, { sentBytes });
      }
      this.uploads.change(key, { missing: null });
      await this.requests.publishUpload(announcement, fileName);
      const answer = await this.answer(key);
      if (answer === null) return;
      missing = answer;
    }
  }

  private async timed({ length }: Uint8Array, sending: Promise<void>): Promise<void> {
    const beganAtMs = performance.now();
    await sending;
    this.rate.note(length, performance.now() - beganAtMs);
  }

  /** Wait for the missing ranges; null when a receipt arrives instead, or no answer. */
  private async answer(key: string): Promise<Upload["missing"]> {
    for (let waited = 0; waited < ANSWER_PATIENCE_MS && !this.uploads.isAnswered(key);) {
      const missing = this.uploads.find(key)?.missing ?? null;
      if (missing) return missing;
      waited += await slept(STEP_MS);
    }
    return null;
  }

  /** Wait for the receipt. Time without connection or reconstructor does not count, because no receipt can arrive. */
  private async receipt(key: string): Promise<void> {
    for (let waited = 0; waited < RECEIPT_PATIENCE_MS && !this.uploads.isAnswered(key);) {
      const pausedMs = await slept(2 * STEP_MS);
      if (this.uploads.isClosed) return;
      if (this.uploads.canBeAnswered) waited += pausedMs;
    }
  }
}
