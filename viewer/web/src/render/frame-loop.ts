/** When is the next frame drawn? On demand, by requestAnimationFrame with back-pressure from the graphics card. */
import type { Effort } from "./effort";
import type { Fence } from "./fence";

export interface FrameLoopOptions {
  readonly effort: Effort;
  readonly fence: Fence;
  /** Whether shown points are not uploaded yet. */
  readonly isWaiting: () => boolean;
  /** Uploads some of these points. Returns whether more must follow before the frame. */
  readonly givePart: () => boolean;
  /** Whether point sizes are still to be computed at a later frame. */
  readonly isUnsettled: () => boolean;
  /** The points that are drawn when nothing moves. */
  readonly pointCount: () => number;
  /** Moves the camera by one step. Returns whether it keeps moving. */
  readonly advance: (nowMs: number) => boolean;
  readonly draw: (pointBudget: number) => void;
}

const SETTLE_MS = 160;
const PATIENT_SETTLE_MS = 2020;
const BUSY_MS = 5;
/** How often points that wait look whether all shards are here. */
const LOOK_MS = 20;

/** A loop that draws one frame for each change, and a complete one after each movement. */
export class FrameLoop {
  private requested = 0;
  private pause = 0;
  private settleTimer = 0;
  private lastFrameMs = 0;
  private lastFramePoints = 0;
  private lastMoveMs = -Infinity;
  private isLoading = false;
  /** When shards came last. */
  lastArrivalMs = -Infinity;

  constructor(private readonly options: FrameLoopOptions) {}

  /** Request a frame after a change of the content. */
  readonly invalidate = (): void => {
    const { effort } = this.options;
    this.requestIn(effort.pauseMs(performance.now(), this.lastFrameMs, this.lastFramePoints));
  };

  /** Request a frame for shards that came. `isLoading`: others are still to come. */
  arrived(isLoading: boolean): void {
    this.lastArrivalMs = performance.now();
    this.isLoading = isLoading;
    this.invalidate();
  }

  /** Request a frame after a change of the view, with fewer points on slow devices. */
  readonly moved = (): void => {
    this.lastMoveMs = performance.now();
    this.invalidate();
  };

  /** Record a drawn frame with this number of points. With `isRestLeft`, another one must follow. */
  drawn(points: number, isRestLeft: boolean): void {
    this.lastFramePoints = points;
    if (this.options.effort.isSoftware) this.options.fence.set();
    if (isRestLeft) this.drawRest();
  }

  /** Whether redrawing takes so long that new shards are drawn onto the earlier picture. */
  get isPatient(): boolean {
    return this.options.effort.isSlow(this.options.pointCount());
  }

  dispose(): void {
    cancelAnimationFrame(this.requested);
    clearTimeout(this.settleTimer);
    clearTimeout(this.pause);
  }

  /** Draw the points that waited: at once, but while shards load only after a pause, which their decoding needs. */
  private readonly drawRest = (): void => {
    const { effort } = this.options;
    const pauseMs = this.isLoading ? effort.pauseMs(performance.now(), this.lastFrameMs, this.lastFramePoints) : 0;
    if (pauseMs === 0) this.requestIn(0);
    else if (this.requested === 0 && this.pause === 0)
      this.pause = window.setTimeout(
        () => {
          this.pause = 0;
          this.drawRest();
        },
        Math.min(pauseMs, LOOK_MS),
      );
  };

  private requestIn(pauseMs: number): void {
    if (this.requested !== 0 || this.pause !== 0) return;
    if (pauseMs > 0 || this.options.isWaiting()) this.pause = window.setTimeout(this.request, pauseMs);
    else this.request();
  }

  /** Draw as soon as enough earlier frames are finished and the points of this one are uploaded. */
  private readonly request = (): void => {
    const isBusy = !this.options.fence.isOpen || this.options.givePart();
    this.pause = isBusy ? window.setTimeout(this.request, BUSY_MS) : 0;
    if (isBusy) return;
    this.requested = requestAnimationFrame((nowMs) => {
      this.frame(nowMs);
    });
  };

  private frame(nowMs: number): void {
    const { advance, draw, effort, isUnsettled, pointCount } = this.options;
    this.requested = 0;
    const isMoving = advance(nowMs);
    const isSettled = nowMs - this.lastMoveMs > SETTLE_MS;
    if (!isSettled) effort.learn(nowMs - this.lastFrameMs, pointCount());
    this.lastFrameMs = nowMs;
    draw(isSettled ? Infinity : effort.movingPoints);
    if (isMoving) this.moved();
    else if (!isSettled) this.drawIn(SETTLE_MS);
    else if (isUnsettled()) this.drawIn(this.isPatient ? PATIENT_SETTLE_MS : SETTLE_MS);
  }

  private drawIn(waitMs: number): void {
    clearTimeout(this.settleTimer);
    this.settleTimer = window.setTimeout(this.invalidate, waitMs + 10);
  }
}
