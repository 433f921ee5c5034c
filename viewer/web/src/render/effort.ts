/** How many points can this device draw? An estimate from frame times; few points for software rendering. */

const SLOW_FRAME_MS = 42;
const FAST_FRAME_MS = 20;
const REST_MS = 500;
const LEAST_POINTS = 60_000;
/** Fewer points than this are drawn again whole, even by the processor: few large ones take it longer than many small ones. */
const SLOW_POINTS = 10_000;
const MOST_POINTS = 4_000_000;
/** With software rendering, a pause after each frame and for each of its points leaves time for decoding. */
const REST_AFTER_FRAME_MS = 60;
const REST_AFTER_POINT_MS = 0.003;
const MOST_NEW_POINTS = 300_000;
const PART_POINTS = 100_000;

export class Effort {
  /** The most points that keep movement smooth. */
  movingPoints = MOST_POINTS;

  /** `isSoftware`: the processor draws, which is slow from the first frame. */
  constructor(readonly isSoftware: boolean) {
    if (isSoftware) this.movingPoints = LEAST_POINTS;
  }

  /** The most new points of a frame, and of one upload task. */
  readonly mostOfFrame = MOST_NEW_POINTS;
  readonly mostOfPart = PART_POINTS;

  /** Whether a frame with this number of points is slow. */
  isSlow(pointCount: number): boolean {
    return pointCount > (this.isSoftware ? SLOW_POINTS : this.movingPoints);
  }

  /** Adapt the estimate to the time between two frames of a movement. */
  learn(intervalMs: number, pointCount: number): void {
    if (intervalMs > REST_MS) return; // the first frame after a pause
    if (intervalMs > SLOW_FRAME_MS)
      this.movingPoints = Math.max(LEAST_POINTS, 0.8 * Math.min(this.movingPoints, pointCount));
    else if (intervalMs < FAST_FRAME_MS) this.movingPoints = Math.min(MOST_POINTS, 1.1 * this.movingPoints);
  }

  /** The pause in milliseconds before the next frame, after one with `pointCount` points at `lastFrameMs`. */
  pauseMs(nowMs: number, lastFrameMs: number, pointCount: number): number {
    if (!this.isSoftware) return 0;
    const restMs = Math.min(REST_MS, REST_AFTER_FRAME_MS + REST_AFTER_POINT_MS * pointCount);
    return Math.max(0, lastFrameMs + restMs - nowMs);
  }
}
