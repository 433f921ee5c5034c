/** How often is the page told? Soon after a rest; while a hundred shards pour in, the newest state for several. */

/** Two frames of a usual screen. */
export const INTERVAL_MS = 33;

export class Throttle<State> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private newest: State | undefined;
  private toldAtMs = -Infinity;
  private isClosed = false;

  constructor(private readonly tell: (state: State) => void) {}

  /** There is news; it is told in a task of its own, for whoever brings it may have more to take in first. */
  readonly news = (state: State): void => {
    this.newest = state;
    if (this.isClosed) return;
    this.timer ??= setTimeout(this.pass, Math.max(0, this.toldAtMs + INTERVAL_MS - performance.now()));
  };

  /** Nothing is told any more. */
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
