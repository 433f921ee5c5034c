/** How often does the page draw a new state? A throttle: at once after a pause, then the newest state in each interval. */

/** Two frames of a screen with 60 Hz. */
export const INTERVAL_MS = 33;

export class Throttle<State> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private newest: State | undefined;
  private toldAtMs = -Infinity;
  private isClosed = false;

  constructor(
    private readonly tell: (state: State) => void,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  /** Pass a new state on, in a separate task, so that the caller finishes first. */
  readonly news = (state: State): void => {
    this.newest = state;
    if (this.isClosed) return;
    this.timer ??= setTimeout(this.pass, Math.max(0, this.toldAtMs + this.intervalMs - performance.now()));
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
