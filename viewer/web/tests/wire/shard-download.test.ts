import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { shardGetter } from "../../src/wire/shard-download";

const credentials = { user: "anna", password: "secret", project: "chapel" };
const get = shardGetter("http://127.0.0.1/", credentials);
const signals: AbortSignal[] = [];

/** A server that never answers. */
function silent(_: URL, { signal }: { readonly signal: AbortSignal }): Promise<never> {
  signals.push(signal);
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error("aborted"));
    });
  });
}

beforeEach(() => {
  signals.length = 0;
  vi.stubGlobal("fetch", silent);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the download of a shard", () => {
  it("ends with its project", async () => {
    const ending = new AbortController();
    const shard = get("a1", ending.signal);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    ending.abort();
    await expect(shard).rejects.toThrow("aborted");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin after that", async () => {
    await expect(get("a1", AbortSignal.abort())).rejects.toThrow();
    expect(signals).toEqual([]);
  });

  it("ends after a minute without an answer", async () => {
    const shard = get("a1", new AbortController().signal);
    const refused = expect(shard).rejects.toThrow("aborted");
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;
  });

  it("gives the bytes, or null where the server does not have it", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(Uint8Array.of(1, 2, 3))));
    expect(await get("a1", new AbortController().signal)).toEqual(Uint8Array.of(1, 2, 3));
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 204 })));
    expect(await get("a1", new AbortController().signal)).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });
});
