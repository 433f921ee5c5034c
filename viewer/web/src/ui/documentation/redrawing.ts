/** When is the drawing drawn again? Once a frame; without a graphics card in part while it moves, and whole after that. */

const MOVING_POINTS = 150_000;
const SETTLE_MS = 180;

export class Redrawing {
  private requested = 0;
  private settling = 0;

  /** `draw` gets the most points that it may draw. */
  constructor(private readonly draw: (mostPoints: number) => void) {}

  request(isSlow: boolean): void {
    clearTimeout(this.settling);
    if (isSlow)
      this.settling = window.setTimeout(() => {
        this.draw(Infinity);
      }, SETTLE_MS);
    if (this.requested !== 0) return;
    this.requested = requestAnimationFrame(() => {
      this.requested = 0;
      this.draw(isSlow ? MOVING_POINTS : Infinity);
    });
  }

  end(): void {
    cancelAnimationFrame(this.requested);
    clearTimeout(this.settling);
  }
}
