/** What does the page know of coverage? The newest advice and grid, followed as long as somebody may look at them. */
import type { Follower } from "../../scene/follower";
import type { Advice, Coverage } from "../../wire/contract";
import type { CoverageGrid } from "../../wire/coverage";
import { readAdvice, readCoverage, readGrid } from "../../wire/coverage";

export class CoverageWatch {
  advice: Advice | null = null;
  coverage: Coverage | null = null;
  grid: CoverageGrid | null = null;
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
        this.coverage = read(payload, readCoverage);
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

  /** The grid comes before the message that names it, so that either may be the second one. */
  private async decode(): Promise<void> {
    const { coverage, payload } = this;
    let grid: CoverageGrid | null = null;
    if (coverage && payload && payload.length > 0) grid = await readGrid(payload, coverage).catch(() => null);
    if (coverage !== this.coverage || payload !== this.payload) return; // a newer one came meanwhile
    this.grid = grid;
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
