/** How often is a new state passed on? Soon after a pause; the longer news keeps coming, the more of it together. */

/** How long news waits, in milliseconds. */
export interface Pace {
  /** After a pause. */
  readonly pauseMs: number;
  /** After the news before; twice as long each time that more came meanwhile. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Points: at once, and in a flood less often, because drawing each state would take the time that decoding needs. */
export const SCENE_PACE: Pace = { pauseMs: 0, firstMs: 16, longestMs: 64 };
/**
 * Words and lists: after the points that belong to them. Without a graphics card the browser paints for 35 ms after each
 * change of theirs, and points that come meanwhile wait.
 */
export const WORDS_PACE: Pace = { pauseMs: 50, firstMs: 64, longestMs: 128 };

export class Throttle<State> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private newest: State | undefined;
  private toldAtMs = -Infinity;
  private waitMs: number;
  private isClosed = false;

  constructor(
    private readonly tell: (state: State) => void,
    private readonly pace: Pace,
  ) {
    this.waitMs = pace.firstMs;
  }

  /** Pass a new state on, in a separate task, so that the caller finishes first. */
  readonly news = (state: State): void => {
    this.newest = state;
    if (this.isClosed || this.timer !== undefined) return;
    const { firstMs, longestMs, pauseMs } = this.pace;
    const leftMs = this.toldAtMs + this.waitMs - performance.now();
    this.waitMs = leftMs > 0 ? Math.min(longestMs, 2 * this.waitMs) : firstMs;
    this.timer = setTimeout(this.pass, Math.max(pauseMs, leftMs));
  };

  /** Pass on now what waits. */
  flush(): void {
    clearTimeout(this.timer);
    if (this.timer !== undefined) this.pass();
  }

  /** Stop. Nothing is passed on after this. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private readonly pass = (): void => {
    this.timer = undefined;
    this.toldAtMs = performance.now();
    this.tell(this.newest as State);
  };
}
