/** In which state is each upload of this page? A reducer over receipts and missing ranges. Pure. */
import type { ByteRange, Missing, UploadAcknowledged } from "../../wire/contract";

export type UploadState =
  "reading" | "queued" | "previewing" | "sending" | "sent" | "waiting" | "stored" | "duplicate" | "rejected" | "failed";

export interface Upload {
  readonly key: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly state: UploadState;
  /** What became of its preview: null without one, `placed` after the receipt. The original is still to be sent. */
  readonly preview: "sent" | "placed" | null;
  readonly imageId: string | null;
  readonly imageNumber: number | null;
  /** Why it waits or was refused: a code, and its sentence in English. */
  readonly code: string | null;
  readonly reason: string | null;
  /** The number of bytes that the broker has accepted. */
  readonly sentBytes: number;
  /** The ranges that the reconstructor last reported as missing; null while an answer is awaited. */
  readonly missing: readonly ByteRange[] | null;
  /** How long a quota lets it wait before it is sent again, by the reconstructor's clock; null without one. */
  readonly retryInMs: number | null;
}

const OVER: ReadonlySet<UploadState> = new Set(["stored", "duplicate", "rejected", "failed"]);

export function isOver(upload: Upload): boolean {
  return OVER.has(upload.state);
}

/** Codes of failures after which a photograph stays in the queue, for another try. */
const FOR_ANOTHER_TRY: ReadonlySet<Upload["code"]> = new Set(["no_receipt", "publish_refused", "unreadable_file"]);

/** Whether it was not taken and may be taken later. */
export function isForAnotherTry({ code, state }: Upload): boolean {
  return state === "failed" && FOR_ANOTHER_TRY.has(code);
}

/** Whether nothing more is to be sent of it. */
export function isFinished(upload: Upload): boolean {
  return isOver(upload) && !isForAnotherTry(upload);
}

export function withUpload(uploads: readonly Upload[], fresh: Upload): readonly Upload[] {
  return [...uploads, fresh];
}

/** Change one upload. An unknown key changes nothing. */
export function withChange(uploads: readonly Upload[], key: string, change: Partial<Upload>): readonly Upload[] {
  return uploads.map((upload) => (upload.key === key ? { ...upload, ...change } : upload));
}

/** Apply a receipt. A receipt for an upload of another tab changes nothing. */
export function withReceipt(uploads: readonly Upload[], receipt: UploadAcknowledged): readonly Upload[] {
  return uploads.map((upload) =>
    upload.imageId === null || (upload.imageId !== receipt.image_name && upload.imageId !== receipt.image_id)
      ? upload
      : { ...upload, ...changeBy(receipt, upload) },
  );
}

/** Only a preview's receipt leaves the photograph to be sent. A quota refuses a photograph only until a certain time. */
function changeBy(receipt: UploadAcknowledged, upload: Upload): Partial<Upload> {
  const { code, image_number: imageNumber, reason, retry_at: retryAt, sent_at: sentAt, status } = receipt;
  if (status === "previewed") return isOver(upload) ? {} : { preview: "placed", imageNumber };
  if (status === "preview_refused") return { preview: null };
  if (retryAt === null) return { state: status, imageNumber, code, reason };
  const retryInMs = Math.max(1000, Date.parse(retryAt) - Date.parse(sentAt));
  return { state: "waiting", preview: upload.preview === "placed" ? "placed" : null, retryInMs, code, reason };
}

/** The number of photographs that are placed from their previews, while their originals are still to be sent. */
export function previewCount(uploads: readonly Upload[]): number {
  return uploads.filter((upload) => upload.preview === "placed" && !isOver(upload)).length;
}

/** Apply the missing ranges of uploads in pieces. */
export function withMissing(uploads: readonly Upload[], { pieces }: Missing): readonly Upload[] {
  return uploads.map((upload) => {
    const lacking = pieces.find(({ image_id: imageId }) => imageId === upload.imageId);
    return lacking && !isOver(upload) ? { ...upload, missing: lacking.ranges } : upload;
  });
}

export function withoutFinished(uploads: readonly Upload[]): readonly Upload[] {
  return uploads.filter((upload) => !isFinished(upload));
}
