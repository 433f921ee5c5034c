/** Which shards or pages are requested next? Windows of 8, at most two open, in the given order. It reads no clock. */

export const WINDOW_SIZE = 8;
export const WINDOW_COUNT = 2;
/** Time without any arrival after which the open windows are overdue. */
export const PATIENCE_S = 3;
const MOST_STALLS = 4;
const MOST_REJECTIONS = 3;

/** Something that is requested by its own topic. */
export interface Wanted {
  readonly key: string;
}

/** One step for the owner of the connection. */
export type Step<W extends Wanted> =
  | { readonly kind: "subscribe"; readonly items: readonly W[] }
  | { readonly kind: "unsubscribe"; readonly items: readonly W[] }
  | { readonly kind: "reread" }
  | { readonly kind: "resync"; readonly items: readonly W[] };

interface Window<W extends Wanted> {
  readonly items: Map<string, W>;
  readonly asked: readonly W[];
  sinceS: number;
  stalls: number;
}

/** A load queue. Call `plan` after every change and at least twice a second. */
export class LoadQueue<W extends Wanted> {
  private windows: Window<W>[] = [];
  private readonly rejections = new Map<string, number>();
  private readonly givenUp = new Set<string>();
  private lastArrivalS = -Infinity;

  /** The number of requested items that have not arrived. */
  get underWay(): number {
    return this.windows.reduce((sum, { items }) => sum + items.size, 0);
  }

  /** The number of items that were given up after all retries. */
  get failedCount(): number {
    return this.givenUp.size;
  }

  /** Whether this item is requested and has not arrived. */
  isUnderWay(key: string): boolean {
    return this.windows.some(({ items }) => items.has(key));
  }

  /** Record that something is on its way, so that nothing is overdue. */
  expect(nowS: number): void {
    this.lastArrivalS = nowS;
  }

  /** Record an arrival. */
  arrived(key: string, nowS: number): void {
    this.lastArrivalS = nowS;
    this.givenUp.delete(key);
    for (const window of this.windows) window.items.delete(key);
  }

  /** Record damaged bytes. The item is requested again, at most three times. */
  rejected(key: string): void {
    const count = (this.rejections.get(key) ?? 0) + 1;
    this.rejections.set(key, count);
    if (count >= MOST_REJECTIONS) this.givenUp.add(key);
  }

  /** Start over after a reconnection: no open windows, nothing given up. */
  reset(): void {
    this.windows = [];
    this.forgive();
  }

  /** Allow retries of what was given up. */
  forgive(): void {
    this.rejections.clear();
    this.givenUp.clear();
  }

  /** Plan the next steps for the wanted items, in their order. `isHere` includes those that are being decoded. */
  plan(wanted: readonly W[], isHere: (key: string) => boolean, nowS: number): Step<W>[] {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const key of this.givenUp) if (!keys.has(key)) this.givenUp.delete(key); // no longer wanted
    return [...this.close(keys), ...this.stalled(nowS), ...this.open(wanted, isHere, nowS)];
  }

  private close(keys: ReadonlySet<string>): Step<W>[] {
    for (const { items } of this.windows) for (const key of items.keys()) if (!keys.has(key)) items.delete(key);
    const done = this.windows.filter(({ items }) => items.size === 0);
    this.windows = this.windows.filter(({ items }) => items.size > 0);
    return done.map(({ asked }) => ({ kind: "unsubscribe", items: asked }));
  }

  private open(wanted: readonly W[], isHere: (key: string) => boolean, nowS: number): Step<W>[] {
    const steps: Step<W>[] = [];
    const missing = wanted.filter(({ key }) => !isHere(key) && !this.givenUp.has(key) && !this.isUnderWay(key));
    while (this.windows.length < WINDOW_COUNT && missing.length > 0) {
      const asked = missing.splice(0, WINDOW_SIZE);
      const items = new Map(asked.map((each) => [each.key, each]));
      this.windows.push({ items, asked, sinceS: nowS, stalls: 0 });
      steps.push({ kind: "subscribe", items: asked });
    }
    return steps;
  }

  /** Escalate overdue items: reread the manifest, then request a resync, then give up. */
  private stalled(nowS: number): Step<W>[] {
    const steps: Step<W>[] = [];
    for (const window of this.windows) {
      if (nowS - Math.max(window.sinceS, this.lastArrivalS) < PATIENCE_S) continue;
      window.sinceS = nowS;
      window.stalls += 1;
      const overdue = [...window.items.values()];
      if (window.stalls === 1) steps.push({ kind: "reread" }, { kind: "subscribe", items: overdue });
      else if (window.stalls < MOST_STALLS) steps.push({ kind: "resync", items: overdue });
      else {
        for (const { key } of overdue) this.givenUp.add(key);
        window.items.clear();
      }
    }
    return [...steps, ...this.close(new Set(this.windows.flatMap(({ items }) => [...items.keys()])))];
  }
}
