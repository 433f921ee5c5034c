/** How much can this machine draw? Learnt from its frames, and from its name when there is no graphics card at all. */

const SLOW_FRAME_MS = 42;
const FAST_FRAME_MS = 20;
const REST_MS = 500;
const LEAST_POINTS = 60_000;
const MOST_POINTS = 4_000_000;
/** Where the processors draw, they also decode and fetch: so long a rest after a frame, and so long for each point of it. */
const REST_AFTER_FRAME_MS = 60;
const REST_AFTER_POINT_MS = 0.003;
const MOST_NEW_POINTS = 300_000;
const PART_POINTS = 100_000;

export class Effort {
  /** Points that keep a moving object smooth. */
  movingPoints = MOST_POINTS;

  /** `isSoftware`: the processors draw, which is slow from the first frame on. */
  constructor(readonly isSoftware: boolean) {
    if (isSoftware) this.movingPoints = LEAST_POINTS;
  }

  /** New points that a frame draws, and that the graphics are given in one task; a card has them as they come. */
  readonly mostOfFrame = MOST_NEW_POINTS;
  readonly mostOfPart = PART_POINTS;

  /** Whether a frame of so many points takes long. */
  isSlow(pointCount: number): boolean {
    return pointCount > this.movingPoints;
  }

  /** Take a lesson from the time between two frames of a movement. */
  learn(intervalMs: number, pointCount: number): void {
    if (intervalMs > REST_MS) return; // the first frame after a rest
    if (intervalMs > SLOW_FRAME_MS)
      this.movingPoints = Math.max(LEAST_POINTS, 0.8 * Math.min(this.movingPoints, pointCount));
    else if (intervalMs < FAST_FRAME_MS) this.movingPoints = Math.min(MOST_POINTS, 1.1 * this.movingPoints);
  }

  /** How long the next frame has to wait after one of so many points at `lastFrameMs`. */
  pauseMs(nowMs: number, lastFrameMs: number, pointCount: number): number {
    if (!this.isSoftware) return 0;
    const restMs = Math.min(REST_MS, REST_AFTER_FRAME_MS + REST_AFTER_POINT_MS * pointCount);
    return Math.max(0, lastFrameMs + restMs - nowMs);
  }
}

/** Whether a context is drawn by the processors: SwiftShader, llvmpipe, or Microsoft's renderer of last resort. */
export function isDrawnInSoftware(gl: WebGLRenderingContext | WebGL2RenderingContext): boolean {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  return typeof name === "string" && /swiftshader|llvmpipe|softpipe|basic render/iu.test(name);
}
