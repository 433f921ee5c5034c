/** How often does the page draw a new state? At once after a pause; the longer news keeps coming, the more of it together. */

/** A frame of a screen with 60 Hz: what belongs together comes within it. */
export const FIRST_WAIT_MS = 16;
/** While a hundred shards arrive, drawing each state would take the time that decoding needs. */
export const LONGEST_WAIT_MS = 64;

export class Throttle<State> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private newest: State | undefined;
  private toldAtMs = -Infinity;
  private waitMs: number;
  private isClosed = false;

  /** News waits `firstMs` after the news before, and twice as long each time that more came meanwhile, up to `longestMs`. */
  constructor(
    private readonly tell: (state: State) => void,
    private readonly firstMs = FIRST_WAIT_MS,
    private readonly longestMs = Math.max(firstMs, LONGEST_WAIT_MS),
  ) {
    this.waitMs = firstMs;
  }

  /** Pass a new state on, in a separate task, so that the caller finishes first. */
  readonly news = (state: State): void => {
    this.newest = state;
    if (this.isClosed || this.timer !== undefined) return;
    const leftMs = this.toldAtMs + this.waitMs - performance.now();
    this.waitMs = leftMs > 0 ? Math.min(this.longestMs, 2 * this.waitMs) : this.firstMs;
    this.timer = setTimeout(this.pass, Math.max(0, leftMs));
  };

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
