/** Has the graphics card finished its work? WebGL sync objects; more work before that would block the page. */

/** The most unfinished frames: one that is drawn, and enough queued behind it to keep both sides busy. */
const MOST_FRAMES = 3;

export class Fence {
  private frames: WebGLSync[] = [];

  constructor(private readonly gl: WebGL2RenderingContext) {}

  /** Insert a sync object behind all commands so far. */
  set(): void {
    const frame = this.gl.fenceSync(this.gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (frame) this.frames.push(frame);
    this.gl.flush(); // without a flush the sync object may never be sent
  }

  /** Drop all sync objects after a lost context, because they will never be signalled. */
  forget(): void {
    this.frames = [];
  }

  /** Whether another frame may be submitted. Browsers update sync objects once in each task. */
  get isOpen(): boolean {
    while (this.frames[0] && this.isDone(this.frames[0])) this.gl.deleteSync(this.frames.shift() ?? null);
    return this.frames.length < MOST_FRAMES;
  }

  private isDone(frame: WebGLSync): boolean {
    return this.gl.getSyncParameter(frame, this.gl.SYNC_STATUS) === this.gl.SIGNALED;
  }
}
