/** In which order does the page send photographs? All previews first, then the originals, wanted ones before others. */
import { sha256 } from "../../wire/digest";
import { WireError } from "../../wire/errors";
import { freshName, imageId } from "../../wire/ids";
import type { Preview } from "../../wire/photographs/preview";
import { LinkRate } from "./link-rate";
import { OriginalSender } from "./original-sender";
import type { Named, Photograph, PhotographKeeper, Unsent } from "./photographs";
import { plainName, read } from "./photographs";
import type { UploadFollower, UploadRequests } from "./upload-state";
import { UploadView } from "./upload-state";
import { isForAnotherTry } from "./uploads";

/** Make the preview of a photograph, whose bytes it may keep; null when there is none. */
export type MakePreview = (
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  maxSidePx: number,
) => Promise<Preview | null>;

interface Job {
  readonly key: string;
  readonly photograph: Photograph;
  /** Its id from before a reload. */
  readonly knownId: string | null;
  named: Named | null;
}

const UNDER_WAY = 2;
/** An original that is expected within this time needs no preview. */
const SHORT_S = 2;

/** A queue of photographs. Two messages are sent at a time. */
export class Uploader {
  private readonly session = `page-${freshName().slice(0, 10)}`;
  private readonly fresh: Job[] = [];
  private readonly originals: Job[] = [];
  /** Photographs that were not taken, for another try. */
  private readonly later: Job[] = [];
  private readonly rate = new LinkRate();
  private readonly uploads: UploadView;
  private readonly sender: OriginalSender;
  private previewing: Promise<void> | null = null;
  private sequence = 0;
  private running = 0;

  constructor(
    private readonly follower: UploadFollower,
    private readonly requests: UploadRequests,
    private readonly makePreview: MakePreview,
    private readonly keeper: PhotographKeeper | null = null,
  ) {
    this.uploads = new UploadView(follower);
    this.sender = new OriginalSender(this.uploads, requests, this.rate, () => this.previewsSent());
  }

  add(photographs: Iterable<Photograph>): void {
    for (const photograph of photographs) {
      const key = freshName();
      this.keeper?.keep(key, photograph);
      this.queue({ key, photograph, imageId: null });
    }
    this.pump();
  }

  /** Go on with photographs that were chosen before a reload. */
  resume(photographs: Iterable<Unsent>): void {
    // Another tab may have claimed what this one still sends, while the browser let this one sleep.
    for (const unsent of photographs) if (!this.uploads.find(unsent.key)) this.queue(unsent);
    this.pump();
  }

  /** Send again what was not taken. */
  retry(): void {
    for (const job of this.later.splice(0)) {
      this.settle(job.key); // a receipt may have come since
      if (this.uploads.find(job.key)?.state !== "failed") continue;
      this.uploads.change(job.key, { state: "queued", code: null, reason: null });
      this.fresh.push(job);
    }
    this.pump();
  }

  private queue({ imageId: knownId, key, photograph }: Unsent): void {
    this.uploads.add(key, photograph.name, photograph.size);
    this.fresh.push({ key, photograph, knownId, named: null });
  }

  private pump(): void {
    if (this.previewing) return;
    if (this.fresh.length > 0) {
      this.previewing = this.sendPreviews().finally(() => {
        this.previewing = null;
        this.pump();
      });
      return;
    }
    while (this.running < UNDER_WAY) {
      const next = this.next();
      if (!next) return;
      this.running += 1;
      void this.sendOriginal(next).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  /** Resolves when no preview waits to be sent. */
  private async previewsSent(): Promise<void> {
    while (this.previewing) await this.previewing;
  }

  /** Take the next original: the first one that the reconstructor wants, else the oldest. */
  private next(): Job | undefined {
    const places = this.follower.state.wanted.map((id) => this.originals.findIndex(({ named }) => named?.id === id));
    return this.originals.splice(places.find((place) => place >= 0) ?? 0, 1)[0];
  }

  /** Send the previews of all new photographs. A preview is made while the ones before it are sent. */
  private async sendPreviews(): Promise<void> {
    const underWay: Promise<void>[] = [];
    for (let job = this.fresh.shift(); job; job = this.fresh.shift()) {
      const preview = this.isPreviewUseful(job.photograph) ? await this.preparePreview(job) : null;
      if (preview) {
        if (underWay.length >= UNDER_WAY) await underWay.shift();
        underWay.push(this.sendPreview(job, preview));
      }
      if (this.uploads.isOver(job.key)) this.settle(job.key);
      else this.originals.push(job);
    }
    await Promise.all(underWay);
  }

  /** Without a connection the last state counts: what is published then is sent when the connection is back. */
  private isPreviewUseful({ size }: Photograph): boolean {
    const { reconstructor } = this.follower.state;
    const isTaken = reconstructor?.presence === "ready" && reconstructor.takes_previews;
    return isTaken && this.rate.secondsFor(size) > SHORT_S;
  }

  private async preparePreview(job: Job): Promise<Preview | null> {
    try {
      this.uploads.set(job.key, "reading");
      const { bytes, contentType } = await read(job.photograph);
      await this.name(job, bytes, contentType);
      const maxSidePx = this.follower.state.reconstructor?.preview_max_side_px ?? 0;
      return await this.makePreview(bytes, contentType, maxSidePx);
    } catch (thrown) {
      this.fail(job, thrown);
      return null;
    } finally {
      if (!this.uploads.isOver(job.key)) this.uploads.set(job.key, "queued");
    }
  }

  /** Send a preview. Its receipt comes later, and if none comes the original's receipt says everything. */
  private async sendPreview({ key, named }: Job, { bytes, contentType }: Preview): Promise<void> {
    if (!named) return;
    this.uploads.set(key, "previewing");
    const beganAtMs = performance.now();
    try {
      await this.requests.publishPreview(named.id, bytes, { contentType, fileName: named.fileName });
      this.rate.note(bytes.length, performance.now() - beganAtMs);
      this.uploads.previewSent(key);
    } catch {
      // The broker's limits may leave no room for it. The original says what is wrong, if anything is.
    }
    if (this.uploads.find(key)?.state === "previewing") this.uploads.set(key, "queued");
  }

  private async sendOriginal(job: Job): Promise<void> {
    const { key, photograph } = job;
    try {
      await this.uploads.previewAnswered(key);
      if (await this.uploads.quota(key)) {
        this.uploads.set(key, "queued");
        this.fresh.push(job); // its preview comes first again
        return;
      }
      if (this.uploads.isOver(key)) return; // its preview was enough to know that it is there already
      this.uploads.set(key, "reading");
      const { bytes, contentType } = await read(photograph);
      const named = await this.name(job, bytes, contentType);
      await this.sender.send(key, named, bytes);
    } catch (thrown) {
      this.fail(job, thrown);
    } finally {
      this.settle(key);
    }
  }

  /** Keep a photograph no longer once the reconstructor has taken or refused it, be it by its preview's receipt. */
  private settle(key: string): void {
    if (this.uploads.isAnsweredForGood(key)) this.keeper?.forget(key);
  }

  /** A photograph without a receipt is kept for another try; one that is no photograph is not. */
  private fail(job: Job, thrown: unknown): void {
    this.uploads.fail(job.key, thrown);
    const upload = this.uploads.find(job.key);
    if (upload && isForAnotherTry(upload)) this.later.push(job);
    else if (thrown instanceof WireError) this.keeper?.forget(job.key);
  }

  /** Name a photograph by its content, once. Numbers are given in the order of the queue. */
  private async name(job: Job, bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Named> {
    if (job.named) return job.named;
    this.sequence += 1;
    const { sequence } = this;
    const digest = await sha256(bytes);
    const id = job.knownId ?? imageId(this.session, sequence, digest);
    this.keeper?.name(job.key, id);
    job.named = { id, digest, contentType, fileName: plainName(job.photograph.name) };
    this.uploads.change(job.key, { imageId: id });
    return job.named;
  }
}
