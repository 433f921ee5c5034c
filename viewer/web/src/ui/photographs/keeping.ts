/** When are the photographs sent that wait in this browser? At the start, when another tab ends, and at each connection. */
import type { ProjectState } from "../../scene/state";
import type { Uploader } from "../../scene/uploading/uploader";
import { isFinished } from "../../scene/uploading/uploads";
import { KeptPhotographs } from "./kept";
import type { Account } from "./rows";
import type { Waits } from "./waits";
import { NOTHING_WAITS } from "./waits";

/** Tabs change what they keep with each photograph. */
const RECOUNT_MS = 500;

export interface KeepingOptions {
  readonly account: Account;
  readonly uploads: () => ProjectState["uploads"];
  /** Called with the number of photographs from before a reload, which are sent now; null: this browser keeps none. */
  readonly onKept: (count: number | null) => void;
  readonly onWaits: (waits: Waits) => void;
}

export class Keeping {
  readonly kept: KeptPhotographs;
  private uploader: Uploader | null = null;
  private waits = NOTHING_WAITS;
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;

  constructor(private readonly options: KeepingOptions) {
    this.kept = new KeptPhotographs(options.account, {
      onTrouble: this.lose,
      onFreed: this.resume,
      onChange: this.recountSoon,
    });
  }

  /** Send what was chosen before a reload with this uploader. */
  start(uploader: Uploader): void {
    this.uploader = uploader;
    document.addEventListener("visibilitychange", this.seen);
    this.resume();
  }

  /** Follow the project: what was not taken is sent again when the reconstructor can be reached again. */
  follow({ link, reconstructor }: Pick<ProjectState, "link" | "reconstructor">): void {
    const turn = link.kind === "connected" && reconstructor?.presence === "ready" ? link.count : 0;
    if (turn === this.turn) return;
    this.turn = turn;
    if (turn === 0) return;
    this.uploader?.retry();
    this.resume();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
    window.removeEventListener("beforeunload", this.warn);
    this.kept.close();
  }

  private readonly resume = (): void => {
    void this.claim();
  };

  private async claim(): Promise<void> {
    const unsent = await this.kept.unsent();
    if (this.isClosed) return; // what a closed session claimed is free for the next one
    if (unsent.length > 0) {
      this.uploader?.resume(unsent);
      this.options.onKept(unsent.length);
    }
    await this.recount();
  }

  private readonly recountSoon = (): void => {
    if (!this.isClosed) this.timer ??= setTimeout(() => void this.recount(), RECOUNT_MS);
  };

  private async recount(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.tell(await this.kept.beside());
  }

  private readonly lose = (): void => {
    if (this.isClosed || !this.waits.isKeeping) return;
    this.tell({ isKeeping: false });
    this.options.onKept(null);
    window.addEventListener("beforeunload", this.warn);
  };

  private tell(change: Partial<Waits>): void {
    if (this.isClosed) return;
    this.waits = { ...this.waits, ...change };
    this.options.onWaits(this.waits);
  }

  /** The browser asks before it closes a tab that alone has a photograph. */
  private readonly warn = (event: BeforeUnloadEvent): void => {
    const isLost = this.options.uploads().some((each) => this.kept.inMemory.has(each.key) && !isFinished(each));
    if (isLost) event.preventDefault();
  };

  private readonly seen = (): void => {
    if (document.visibilityState === "visible") this.resume();
  };
}
