/** How fast is the link? A smoothed rate of what the broker has acknowledged. */

/** Before the first measurement: assuming a bad link costs one preview. */
const UNKNOWN_BYTES_PER_S = 30_000;
const MEMORY = 0.7;
/** The most that one measurement counts, relative to the estimate: after a stall, acknowledgements come in a burst. */
const MOST_GAIN = 2;

export class LinkRate {
  private measured: number | null = null;

  /** Bytes in a second; null before the first measurement. */
  get bytesPerS(): number | null {
    return this.measured;
  }

  /** Note that the broker acknowledged so many bytes after so long. */
  note(sizeBytes: number, durationMs: number): void {
    const rate = (1000 * sizeBytes) / Math.max(durationMs, 1);
    const old = this.measured;
    this.measured =
      old === null || rate < old / 2 ? rate : MEMORY * old + (1 - MEMORY) * Math.min(rate, MOST_GAIN * old);
  }

  /** How long so many bytes will take. */
  secondsFor(sizeBytes: number): number {
    return sizeBytes / (this.measured ?? UNKNOWN_BYTES_PER_S);
  }
}
