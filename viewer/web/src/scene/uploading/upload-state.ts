/** How does an uploader see and change its uploads? Through the page's state, which receipts change, too. */
import { WireError, sentenceOf } from "../../wire/errors";
import type { Follower } from "../follower";
import type { Requests } from "../requests";
import { slept } from "./slept";
import type { Upload, UploadState } from "./uploads";
import { isOver } from "./uploads";

export type UploadFollower = Pick<Follower, "dispatch" | "state">;
export type UploadRequests = Pick<
  Requests,
  "publishImage" | "publishPiece" | "publishPreview" | "publishUpload" | "room"
>;

const STEP_MS = 50;
const PREVIEW_PATIENCE_MS = 3000;
const LONGEST_TIMER_MS = 24 * 3600 * 1000;

export class UploadView {
  constructor(private readonly follower: UploadFollower) {}

  add(key: string, fileName: string, sizeBytes: number): void {
    this.follower.dispatch({
      kind: "upload",
      upload: {
        key,
        fileName,
        sizeBytes,
        state: "queued",
        preview: null,
        imageId: null,
        imageNumber: null,
        code: null,
        reason: null,
        sentBytes: 0,
        missing: null,
        retryInMs: null,
      },
    });
  }

  find(key: string): Upload | undefined {
    return this.follower.state.uploads.find((each) => each.key === key);
  }

  change(key: string, change: Partial<Upload>): void {
    this.follower.dispatch({ kind: "upload_change", key, change });
  }

  set(key: string, state: UploadState): void {
    this.change(key, { state });
  }

  fail(key: string, thrown: unknown): void {
    const code = thrown instanceof WireError ? thrown.code : null;
    this.change(key, { state: "failed", code, reason: sentenceOf(thrown) });
  }

  /** The broker has the preview; its receipt may have come before. */
  previewSent(key: string): void {
    if (this.find(key)?.preview === null) this.change(key, { preview: "sent" });
  }

  isOver(key: string): boolean {
    const upload = this.find(key);
    return !upload || isOver(upload);
  }

  /** Whether the reconstructor has taken or refused it. */
  isAnsweredForGood(key: string): boolean {
    return this.isOver(key) && this.find(key)?.state !== "failed";
  }

  /** Whether a receipt has come: nothing more is to be sent now. */
  isAnswered(key: string): boolean {
    return this.isOver(key) || this.find(key)?.state === "waiting";
  }

  /** Wait a moment for a preview's receipt: it may say that the original is there, or has to wait. */
  async previewAnswered(key: string): Promise<void> {
    for (let waited = 0; waited < PREVIEW_PATIENCE_MS && this.isPreviewAwaited(key);) waited += await slept(STEP_MS);
  }

  private isPreviewAwaited(key: string): boolean {
    return this.canBeAnswered && !this.isAnswered(key) && this.find(key)?.preview === "sent";
  }

  /** Whether a receipt can come now: there are a connection and a reconstructor. */
  get canBeAnswered(): boolean {
    const { link, reconstructor } = this.follower.state;
    return link.kind === "connected" && reconstructor?.presence !== "offline";
  }

  get isClosed(): boolean {
    const { kind } = this.follower.state.link;
    return kind === "closed" || kind === "refused";
  }

  /** Wait until a quota takes the photograph again; false when none keeps it. */
  async quota(key: string): Promise<boolean> {
    const upload = this.find(key);
    if (upload?.state !== "waiting") return false;
    await new Promise((resolve) => setTimeout(resolve, Math.min(upload.retryInMs ?? 0, LONGEST_TIMER_MS)));
    return true;
  }
}
