/** When is the next frame drawn? On demand, by requestAnimationFrame with back-pressure from the graphics. */
import type { Effort } from "./effort";
import type { Fence } from "./fence";

export interface FrameLoopOptions {
  readonly effort: Effort;
  readonly fence: Fence;
  /** Whether the graphics still lack points of what is shown. */
  readonly isWaiting: () => boolean;
  /** Gives the graphics some of these points; returns whether more have to follow before the frame. */
  readonly givePart: () => boolean;
  /** Whether point sizes are still to be computed, at a later frame. */
  readonly isUnsettled: () => boolean;
  /** Points that are drawn when nothing moves. */
  readonly pointCount: () => number;
  /** Moves the eye; returns whether it goes on moving. */
  readonly advance: (nowMs: number) => boolean;
  readonly draw: (pointBudget: number) => void;
}

const SETTLE_MS = 160;
const PATIENT_SETTLE_MS = 2020;
const BUSY_MS = 5;

/** Draws one frame for each change, and a complete one after each movement. */
export class FrameLoop {
  private requested = 0;
  private pause = 0;
  private settleTimer = 0;
  private lastFrameMs = 0;
  private lastFramePoints = 0;
  private lastMoveMs = -Infinity;

  constructor(private readonly options: FrameLoopOptions) {}

  /** Something changed: draw soon. */
  readonly invalidate = (): void => {
    const { effort } = this.options;
    this.requestIn(effort.pauseMs(performance.now(), this.lastFrameMs, this.lastFramePoints));
  };

  /** The view changed: draw soon, with fewer points where all of them take too long. */
  readonly moved = (): void => {
    this.lastMoveMs = performance.now();
    this.invalidate();
  };

  /** A frame of so many points was drawn; with `isRestLeft` another one has to follow. */
  drawn(points: number, isRestLeft: boolean): void {
    this.lastFramePoints = points;
    if (this.options.effort.isSoftware) this.options.fence.set();
    if (isRestLeft) this.requestIn(0);
  }

  /** Whether drawing everything takes so long that new shards are rather added to what is drawn already. */
  get isPatient(): boolean {
    return this.options.effort.isSlow(this.options.pointCount());
  }

  dispose(): void {
    cancelAnimationFrame(this.requested);
    clearTimeout(this.settleTimer);
    clearTimeout(this.pause);
  }

  private requestIn(pauseMs: number): void {
    if (this.requested !== 0 || this.pause !== 0) return;
    if (pauseMs > 0 || this.options.isWaiting()) this.pause = window.setTimeout(this.request, pauseMs);
    else this.request();
  }

  /** Draw as soon as the graphics have finished enough earlier frames and have the points of this one. */
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
    else if (!isSettled || isUnsettled()) this.settleSoon();
  }

  private settleSoon(): void {
    clearTimeout(this.settleTimer);
    this.settleTimer = window.setTimeout(this.invalidate, (this.isPatient ? PATIENT_SETTLE_MS : SETTLE_MS) + 10);
  }
}
