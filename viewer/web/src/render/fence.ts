/** Have the graphics done what they were given? WebGL sync objects say so; handing over more before that would block. */

/** Frames under way at a time: one that is drawn, and enough behind it that neither side waits for the other. */
const MOST_FRAMES = 3;

export class Fence {
  private frames: WebGLSync[] = [];

  constructor(private readonly gl: WebGL2RenderingContext) {}

  /** Behind everything that was asked for until now. */
  set(): void {
    const frame = this.gl.fenceSync(this.gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (frame) this.frames.push(frame);
    this.gl.flush(); // or it would not be on its way
  }

  /** The context was lost: what it had been given will never be done. */
  forget(): void {
    this.frames = [];
  }

  /** Whether there is room for another frame. Browsers update the answer once a task. */
  get isOpen(): boolean {
    while (this.frames[0] && this.isDone(this.frames[0])) this.gl.deleteSync(this.frames.shift() ?? null);
    return this.frames.length < MOST_FRAMES;
  }

  private isDone(frame: WebGLSync): boolean {
    return this.gl.getSyncParameter(frame, this.gl.SYNC_STATUS) === this.gl.SIGNALED;
  }
}
