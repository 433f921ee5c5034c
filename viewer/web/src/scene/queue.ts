/** Which shards are requested next? Windows of 8 shards, at most two open, coarse levels first. It reads no clock. */
import type { WantedShard } from "./wanted";

export const WINDOW_SIZE = 8;
export const WINDOW_COUNT = 2;
/** Time without any arrival after which the open windows are overdue. */
export const PATIENCE_S = 3;
const MOST_STALLS = 4;
const MOST_REJECTIONS = 3;

/** One step for the owner of the connection. */
export type Step =
  | { readonly kind: "subscribe"; readonly shards: readonly WantedShard[] }
  | { readonly kind: "unsubscribe"; readonly shards: readonly WantedShard[] }
  | { readonly kind: "reread" }
  | { readonly kind: "resync"; readonly shards: readonly WantedShard[] };

interface Window {
  readonly shards: Map<string, WantedShard>;
  readonly asked: readonly WantedShard[];
  sinceS: number;
  stalls: number;
}

/** A load queue. Call `plan` after every change and at least twice a second. */
export class LoadQueue {
  private windows: Window[] = [];
  private readonly rejections = new Map<string, number>();
  private readonly givenUp = new Set<string>();
  private lastArrivalS = -Infinity;

  /** The number of requested shards that have not arrived. */
  get underWay(): number {
    return this.windows.reduce((sum, { shards }) => sum + shards.size, 0);
  }

  /** The number of shards that were given up after all retries. */
  get failedCount(): number {
    return this.givenUp.size;
  }

  /** Whether this shard is requested and has not arrived. */
  isUnderWay(key: string): boolean {
    return this.windows.some(({ shards }) => shards.has(key));
  }

  /** Record the arrival of a shard. */
  arrived(key: string, nowS: number): void {
    this.lastArrivalS = nowS;
    this.givenUp.delete(key);
    for (const window of this.windows) window.shards.delete(key);
  }

  /** Record a damaged shard. It is requested again, at most three times. */
  rejected(key: string): void {
    const count = (this.rejections.get(key) ?? 0) + 1;
    this.rejections.set(key, count);
    if (count >= MOST_REJECTIONS) this.givenUp.add(key);
  }

  /** Start over after a reconnection: no open windows, no shards given up. */
  reset(): void {
    this.windows = [];
    this.forgive();
  }

  /** Allow retries of the shards that were given up. */
  forgive(): void {
    this.rejections.clear();
    this.givenUp.clear();
  }

  /** Plan the next steps for the wanted shards, in their order. `isHere` includes shards that are being decoded. */
  plan(wanted: readonly WantedShard[], isHere: (key: string) => boolean, nowS: number): Step[] {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const key of this.givenUp) if (!keys.has(key)) this.givenUp.delete(key); // no longer wanted
    return [...this.close(keys), ...this.stalled(nowS), ...this.open(wanted, isHere, nowS)];
  }

  private close(keys: ReadonlySet<string>): Step[] {
    for (const { shards } of this.windows) for (const key of shards.keys()) if (!keys.has(key)) shards.delete(key);
    const done = this.windows.filter(({ shards }) => shards.size === 0);
    this.windows = this.windows.filter(({ shards }) => shards.size > 0);
    return done.map(({ asked }) => ({ kind: "unsubscribe", shards: asked }));
  }

  private open(wanted: readonly WantedShard[], isHere: (key: string) => boolean, nowS: number): Step[] {
    const steps: Step[] = [];
    const missing = wanted.filter(({ key }) => !isHere(key) && !this.givenUp.has(key) && !this.isUnderWay(key));
    while (this.windows.length < WINDOW_COUNT && missing.length > 0) {
      const asked = missing.splice(0, WINDOW_SIZE);
      const shards = new Map(asked.map((shard) => [shard.key, shard]));
      this.windows.push({ shards, asked, sinceS: nowS, stalls: 0 });
      steps.push({ kind: "subscribe", shards: asked });
    }
    return steps;
  }

  /** Escalate overdue shards: reread the manifest, then request a resync, then give up. */
  private stalled(nowS: number): Step[] {
    const steps: Step[] = [];
    for (const window of this.windows) {
      if (nowS - Math.max(window.sinceS, this.lastArrivalS) < PATIENCE_S) continue;
      window.sinceS = nowS;
      window.stalls += 1;
      const overdue = [...window.shards.values()];
      if (window.stalls === 1) steps.push({ kind: "reread" }, { kind: "subscribe", shards: overdue });
      else if (window.stalls < MOST_STALLS) steps.push({ kind: "resync", shards: overdue });
      else {
        for (const { key } of overdue) this.givenUp.add(key);
        window.shards.clear();
      }
    }
    return [...steps, ...this.close(new Set(this.windows.flatMap(({ shards }) => [...shards.keys()])))];
  }
}
