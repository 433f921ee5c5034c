import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { HttpShards } from "../../src/scene/loading/http-shards";
import type { Step, Wanted } from "../../src/scene/loading/queue";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import type { GetShard } from "../../src/wire/shard-download";
import { completeOf } from "../manifests";

const wanted = wantedShards(
  completeOf(
    1,
    0,
    Array.from({ length: 12 }, (_, index) => ({ index })),
  ),
  DESKTOP_BUDGET,
);
const page: Wanted = { key: "a page" };

/** `decoding`: what a shard waits for once it is here. */
function made(
  get: GetShard | undefined,
  decoding?: Promise<void>,
): { http: HttpShards; here: string[]; failed: string[] } {
  const here: string[] = [];
  const failed: string[] = [];
  const http = new HttpShards(get, ({ key }, payload) => {
    (payload ? here : failed).push(key);
    return payload ? decoding : undefined;
  });
  return { http, here, failed };
}

function keysOf(step: Step<Wanted>): string[] {
  return "items" in step ? step.items.map(({ key }) => key) : [];
}

const settled = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(100);
};
const keys = wanted.map(({ key }) => key);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("shards over HTTP", () => {
  it("come once, and only what is no shard is left for MQTT", async () => {
    const asked: string[] = [];
    const { failed, here, http } = made((sha256) => {
      asked.push(sha256);
      return Promise.resolve(new Uint8Array(1));
    });
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: [...wanted, page] }))).toEqual(["a page"]);
    expect(http.isBusy).toBe(true);
    // overdue for the queue, and still on its way
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: wanted }))).toEqual([]);
    await settled();
    expect(http.isBusy).toBe(false);
    expect(asked).toEqual(wanted.map(({ encoded }) => encoded.sha256));
    expect([here, failed]).toEqual([keys, []]);
    // nothing was subscribed to but the page
    expect(keysOf(http.take<Wanted>({ kind: "unsubscribe", items: [...wanted, page] }))).toEqual(["a page"]);
    // requested again, because it was damaged or overdue: over MQTT now
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: wanted.slice(0, 1) }))).toEqual(keys.slice(0, 1));
    expect(keysOf(http.take<Wanted>({ kind: "unsubscribe", items: wanted }))).toEqual(keys.slice(0, 1));
  });

  it("of finer levels wait until the coarsest level is here, or failed", async () => {
    const levels = [0, 1, 0, 2].map((level, index) => ({ index, level }));
    const shards = wantedShards(completeOf(1, 0, levels), DESKTOP_BUDGET);
    const answers = new Map<string, (payload: Uint8Array<ArrayBuffer> | null) => void>();
    const { http } = made((sha256) => new Promise((resolve) => answers.set(sha256, resolve)));
    const ofLevel = (level: number): string[] =>
      shards.filter(({ entry }) => entry.level === level).map(({ encoded }) => encoded.sha256);
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: shards }))).toEqual([]);
    expect([...answers.keys()]).toEqual(ofLevel(0));
    const [first = "", second = ""] = ofLevel(0);
    answers.get(first)?.(new Uint8Array(1));
    await settled();
    expect(answers.size).toBe(2);
    answers.get(second)?.(null);
    await settled();
    expect(new Set(answers.keys())).toEqual(new Set([...ofLevel(0), ...ofLevel(1), ...ofLevel(2)]));
    expect(http.isBusy).toBe(true);
  });

  it("of finer levels wait until the coarsest level is decoded, and a moment longer", async () => {
    const levels = [0, 1].map((level, index) => ({ index, level }));
    const shards = wantedShards(completeOf(1, 0, levels), DESKTOP_BUDGET);
    let decoded: () => void = () => undefined;
    const asked: string[] = [];
    const get: GetShard = (sha256) => Promise.resolve(new Uint8Array(asked.push(sha256)));
    const { here, http } = made(get, new Promise((resolve) => (decoded = resolve)));
    http.take<Wanted>({ kind: "subscribe", items: shards });
    await settled();
    expect([asked.length, here.length]).toEqual([1, 1]);
    decoded();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(1);
    await settled();
    expect(asked).toHaveLength(2);
  });

  it("that wait and are not wanted any more are not asked for", async () => {
    const shards = wantedShards(
      completeOf(
        1,
        0,
        [0, 1, 1].map((level, index) => ({ index, level })),
      ),
      DESKTOP_BUDGET,
    );
    const asked: string[] = [];
    let come: () => void = () => undefined;
    const { http } = made(async (sha256) => {
      asked.push(sha256);
      await new Promise<void>((resolve) => (come = resolve));
      return new Uint8Array(1);
    });
    http.take<Wanted>({ kind: "subscribe", items: shards });
    http.take<Wanted>({ kind: "unsubscribe", items: shards }); // of a version that another one replaces
    come();
    await settled();
    expect([asked.length, http.isBusy]).toEqual([1, false]);
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: shards.slice(1) }))).toEqual([]);
    expect(asked).toHaveLength(3);
  });

  it("that fail are requested over MQTT, and after three failures all are", async () => {
    const { failed, here, http } = made(() => Promise.reject(new Error("no page server")));
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: wanted.slice(0, 3) }))).toEqual([]);
    await settled();
    expect([here, failed]).toEqual([[], keys.slice(0, 3)]);
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: wanted.slice(3) }))).toEqual(keys.slice(3));
    expect(keysOf(http.take<Wanted>({ kind: "unsubscribe", items: wanted }))).toEqual(keys);
    http.reset();
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: wanted.slice(0, 1) }))).toEqual([]);
  });

  it("are not asked for where no page server is known", () => {
    const { http } = made(undefined);
    expect(keysOf(http.take<Wanted>({ kind: "subscribe", items: wanted }))).toEqual(keys);
  });

  it("are given up when the project is closed, and nothing asks for them again", async () => {
    const { failed, here, http } = made(
      (_, ended) =>
        new Promise((_resolve, reject) => {
          ended.addEventListener("abort", () => {
            reject(new Error("aborted"));
          });
        }),
    );
    http.take<Wanted>({ kind: "subscribe", items: wanted.slice(0, 8) });
    http.close();
    await settled();
    expect([here, failed]).toEqual([[], []]);
  });

  it("leave other steps alone", () => {
    const { http } = made(undefined);
    expect(http.take<Wanted>({ kind: "reread" })).toEqual({ kind: "reread" });
  });
});
