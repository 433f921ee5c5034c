/** What does the page know of coverage? The newest advice and grid, followed as long as somebody may look at them. */
import type { Follower } from "../../scene/follower";
import type { Advice, Coverage } from "../../wire/contract";
import type { CoverageGrid } from "../../wire/coverage";
import { readAdvice, readCoverage, readGrid } from "../../wire/coverage";

export class CoverageWatch {
  advice: Advice | null = null;
  /** The newest grid, and the message that names it. */
  coverage: Coverage | null = null;
  grid: CoverageGrid | null = null;
  private message: Coverage | null = null;
  private payload: Uint8Array<ArrayBuffer> | null = null;
  private readonly ends: (() => void)[];
  private endGrid: (() => void) | null = null;

  constructor(
    readonly follower: Follower,
    private readonly onChange: () => void,
  ) {
    this.ends = [
      follower.further.follow("advice", (payload) => {
        this.advice = read(payload, readAdvice);
        this.onChange();
      }),
      follower.further.follow("coverage", (payload) => {
        this.message = read(payload, readCoverage);
        void this.decode();
      }),
    ];
  }

  /** Follow the grid, too, which is larger: only while it is on screen. */
  watchGrid(isWatched: boolean): void {
    if (isWatched === (this.endGrid !== null)) return;
    this.endGrid?.();
    this.endGrid = isWatched
      ? this.follower.further.follow("coverage_grid", (payload) => {
          this.payload = payload;
          void this.decode();
        })
      : null;
  }

  end(): void {
    this.watchGrid(false);
    for (const end of this.ends) end();
  }

  /** The grid comes before the message that names it: until they fit, the one on screen stays. */
  private async decode(): Promise<void> {
    const { message, payload } = this;
    let grid: CoverageGrid | null = null;
    if (message && payload?.length) {
      grid = await readGrid(payload, message).catch(() => null);
      if (!grid || message !== this.message || payload !== this.payload) return;
    }
    [this.coverage, this.grid] = [message, grid];
    this.onChange();
  }
}

/** A message of another version or a cleared one is none. */
function read<T>(payload: Uint8Array, reader: (payload: Uint8Array) => T): T | null {
  try {
    return payload.length > 0 ? reader(payload) : null;
  } catch {
    return null;
  }
}
