/**
 * Which shards come over HTTP? Each once, when it is first requested; what does not come so is left to MQTT.
 *
 * Finer ones wait until the coarsest level is decoded: beside others it would share a slow link and the processor, and
 * first points would be late.
 */
import type { GetShard } from "../../wire/shard-download";
import type { Step, Wanted } from "./queue";
import type { WantedShard } from "../wanted";

/** After so many failures in a row, all that follows comes over MQTT. */
const MOST_FAILURES = 3;

const COARSEST = 0;
/** So long the coarsest level is alone with the processor once it is decoded: the view is made for it. */
const HEAD_START_MS = 30;

/** Called with the bytes of a shard; null: request it over MQTT. What it returns is done once the shard is decoded. */
export type OnShard = (shard: WantedShard, payload: Uint8Array<ArrayBuffer> | null) => Promise<void> | undefined;

export class HttpShards {
  private readonly requested = new Set<string>();
  private readonly underWay = new Set<string>();
  private readonly coarsestUnderWay = new Set<string>();
  private waiting: WantedShard[] = [];
  private readonly subscribed = new Set<string>();
  private readonly ending = new AbortController();
  private failures = 0;

  /** Without `get` all shards come over MQTT. */
  constructor(
    private readonly get: GetShard | undefined,
    private readonly onShard: OnShard,
  ) {}

  /** Whether a shard is on its way: HTTP says itself when it does not come. */
  get isBusy(): boolean {
    return this.underWay.size > 0;
  }

  /** Start over after a reconnection. */
  reset(): void {
    this.requested.clear();
    this.subscribed.clear();
    this.failures = 0;
  }

  /** Stop what is on its way: it would share a slow link with the next project. `onShard` is not called again. */
  close(): void {
    this.ending.abort();
  }

  /** Do a step's part over HTTP, and return the rest of it for MQTT. */
  take<W extends Wanted>(step: Step<W | WantedShard>): Step<W | WantedShard> {
    if (step.kind === "unsubscribe") {
      this.leave(new Set(step.items.map(({ key }) => key)));
      return { kind: "unsubscribe", items: step.items.filter(({ key }) => this.subscribed.delete(key)) };
    }
    if (step.kind !== "subscribe") return step;
    const items = step.items.filter((item) => !this.fetches(item));
    for (const { key } of items) this.subscribed.add(key);
    this.start();
    return { kind: "subscribe", items };
  }

  /** Forget what waits and is not wanted any more: it would share a slow link with the next version's shards. */
  private leave(keys: ReadonlySet<string>): void {
    for (const { key } of this.waiting)
      if (keys.has(key)) for (const known of [this.requested, this.underWay]) known.delete(key);
    this.waiting = this.waiting.filter(({ key }) => !keys.has(key));
  }

  private fetches(item: Wanted | WantedShard): boolean {
    const { failures, get, requested } = this;
    if (this.underWay.has(item.key)) return true;
    if (!get || !("encoded" in item) || failures >= MOST_FAILURES || requested.has(item.key)) return false;
    requested.add(item.key);
    this.underWay.add(item.key);
    if (item.entry.level === COARSEST) this.coarsestUnderWay.add(item.key);
    this.waiting.push(item);
    return true;
  }

  /** Fetch what waits for nothing any more. */
  private start(): void {
    const { get, waiting } = this;
    if (!get) return;
    const isDue = ({ entry }: WantedShard): boolean => entry.level === COARSEST || this.coarsestUnderWay.size === 0;
    this.waiting = waiting.filter((shard) => !isDue(shard));
    for (const shard of waiting.filter(isDue)) void this.fetch(get, shard);
  }

  private async fetch(get: GetShard, shard: WantedShard): Promise<void> {
    const payload = await get(shard.encoded.sha256, this.ending.signal).catch(() => null);
    if (this.ending.signal.aborted) return;
    this.underWay.delete(shard.key);
    this.failures = payload ? 0 : this.failures + 1;
    if (!payload) this.subscribed.add(shard.key);
    await this.onShard(shard, payload);
    if (payload && this.coarsestUnderWay.has(shard.key)) await pause(HEAD_START_MS);
    this.coarsestUnderWay.delete(shard.key);
    this.start();
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
