/** How often is the page told? At once after a rest; while a hundred shards pour in, the newest state for several. */

/** Two frames of a usual screen. */
export const PACE_MS = 33;

export class Pace<State> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private toldAtMs = -Infinity;
  private isClosed = false;

  constructor(private readonly tell: (state: State) => void) {}

  /** There is news. */
  readonly news = (state: State): void => {
    if (this.isClosed) return;
    clearTimeout(this.timer);
    const waitMs = this.toldAtMs + PACE_MS - performance.now();
    const now = (): void => {
      this.toldAtMs = performance.now();
      this.tell(state);
    };
    if (waitMs <= 0) now();
    else this.timer = setTimeout(now, waitMs);
  };

  /** Nothing is told any more. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }
}
