/** How does the page get a manifest's pages? Only new ones, by their exact topics, in the load queue's windows. */
import type { Manifest } from "../../wire/contract";
import type { PageChannel } from "../../wire/page";
import { decodePage } from "../../wire/page";
import type { CompleteManifest, WantedPage } from "./pages";
import { PageBook } from "./pages";
import type { Step } from "./queue";
import { LoadQueue } from "./queue";

export interface PageLoaderOptions {
  readonly perform: (step: Step<WantedPage>) => void;
  /** Called with each manifest when its last page is here, and the bytes that were read for it. */
  readonly onComplete: (complete: CompleteManifest, bytes: number) => void;
  readonly onTrouble: (thrown: unknown) => void;
}

export class PageLoader {
  private readonly book = new PageBook();
  private readonly queue = new LoadQueue<WantedPage>();
  private readonly decoding = new Set<string>();
  private bytes = 0;
  private next: Manifest | null = null;
  private isLoading = false;
  private isStuck = false;

  constructor(private readonly options: PageLoaderOptions) {}

  /** Start over on a new connection, which has no subscriptions yet. */
  reset(): void {
    this.queue.reset();
  }

  /** The number of pages that were given up after all retries. */
  get failedCount(): number {
    return this.queue.failedCount;
  }

  /** Read another manifest's pages, after those of the one before: on a slow link none would be complete otherwise. */
  point(manifest: Manifest, bytes: number, nowS: number): void {
    this.bytes += bytes;
    if (this.isLoading && !this.isStuck) this.next = manifest;
    else this.begin(manifest);
    this.load(nowS);
  }

  /** Verify a page that arrived. */
  async receive(channel: PageChannel, digest: string, payload: Uint8Array<ArrayBuffer>, nowS: number): Promise<void> {
    const isWanted = this.book.wanted().some(({ key }) => key === digest);
    if (!isWanted || payload.length === 0 || this.isHere(digest)) return;
    this.bytes += payload.length;
    this.decoding.add(digest);
    this.queue.arrived(digest, nowS);
    try {
      this.book.add(digest, await decodePage(channel, payload, digest));
    } catch (thrown) {
      this.queue.rejected(digest);
      this.stall();
      this.options.onTrouble(thrown);
    }
    this.decoding.delete(digest);
    this.load(nowS);
  }

  /** Request what is missing. Call it at least twice a second. */
  load(nowS: number): void {
    for (const step of this.queue.plan(this.book.wanted(), (key) => this.isHere(key), nowS)) {
      if (step.kind === "reread" || step.kind === "resync") this.stall();
      this.options.perform(step);
    }
    const complete = this.isLoading ? this.book.complete() : null;
    if (!complete) return;
    const { bytes, next } = this;
    this.isLoading = false;
    this.bytes = 0;
    this.options.onComplete(complete, bytes);
    if (next) this.point(next, 0, nowS);
  }

  private begin(manifest: Manifest): void {
    this.next = null;
    this.isLoading = true;
    this.isStuck = false;
    this.book.point(manifest);
  }

  /** Leave a manifest whose pages do not come, or are damaged, for the newest one. */
  private stall(): void {
    this.isStuck = true;
    if (this.next) this.begin(this.next);
  }

  private isHere(digest: string): boolean {
    return this.book.has(digest) || this.decoding.has(digest);
  }
}
