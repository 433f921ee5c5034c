/** Which shards come over HTTP? Each once, when it is first requested; what does not come so is left to MQTT. */
import type { GetShard } from "../../wire/shard-download";
import type { Step, Wanted } from "./queue";
import type { WantedShard } from "../wanted";

/** After so many failures in a row, all that follows comes over MQTT. */
const MOST_FAILURES = 3;

/** Called with the bytes of a shard; null: request it over MQTT. */
export type OnShard = (shard: WantedShard, payload: Uint8Array<ArrayBuffer> | null) => void;

export class HttpShards {
  private readonly requested = new Set<string>();
  private readonly underWay = new Set<string>();
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
    if (step.kind === "unsubscribe")
      return { kind: "unsubscribe", items: step.items.filter(({ key }) => this.subscribed.delete(key)) };
    if (step.kind !== "subscribe") return step;
    const items = step.items.filter((item) => !this.fetches(item));
    for (const { key } of items) this.subscribed.add(key);
    return { kind: "subscribe", items };
  }

  private fetches(item: Wanted | WantedShard): boolean {
    const { failures, get, requested } = this;
    if (this.underWay.has(item.key)) return true;
    if (!get || !("encoded" in item) || failures >= MOST_FAILURES || requested.has(item.key)) return false;
    requested.add(item.key);
    this.underWay.add(item.key);
    void this.fetch(get, item);
    return true;
  }

  private async fetch(get: GetShard, shard: WantedShard): Promise<void> {
    const payload = await get(shard.encoded.sha256, this.ending.signal).catch(() => null);
    if (this.ending.signal.aborted) return;
    this.underWay.delete(shard.key);
    this.failures = payload ? 0 : this.failures + 1;
    if (!payload) this.subscribed.add(shard.key);
    this.onShard(shard, payload);
  }
}
