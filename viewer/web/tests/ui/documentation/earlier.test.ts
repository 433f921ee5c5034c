/** Versions that are chosen quickly one after the other do not ask the page server for more than it lets one person wait for. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { IDENTITY } from "../../../src/scene/similarity";
import type { EarlierSource } from "../../../src/ui/documentation/earlier";
import { Earlier } from "../../../src/ui/documentation/earlier";
import type { Snapshot } from "../../../src/ui/documentation/snapshot";

vi.mock("../../../src/wire/clouds/shard", () => ({ decodeShard: () => Promise.resolve({}) }));

const PRESENT = 5;
const asked: { readonly address: string; readonly signal: AbortSignal }[] = [];
let answer: (response: Response) => void;

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.stubGlobal("fetch", async (address: URL, { signal }: { readonly signal: AbortSignal }) => {
    asked.push({ address: address.href, signal });
    return new Promise<Response>((resolve, reject) => {
      answer = resolve;
      signal.addEventListener("abort", () => {
        reject(new Error("aborted"));
      });
    });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function row(generation: number): object {
  const shard = { sha256: "0".repeat(64), size_bytes: 600, point_count: 100 };
  return {
    generation,
    made_at: "2026-11-28T10:15:00Z",
    first_image_count: 0,
    image_count: 10,
    point_count: 800,
    offset: [0, 0, 0],
    world_from_previous: IDENTITY,
    shards: Array.from({ length: 8 }, (_, index) => ({ ...shard, index })),
  };
}

function opened(): Earlier {
  const rows = Array.from({ length: PRESENT }, (_, index) => row(index + 1));
  const message = {
    type: "generation_history",
    schema: "1.0",
    sent_at: "2026-11-28T10:15:00Z",
    project: "chapel",
    generations: rows,
  };
  const follow = (_: string, take: (payload: Uint8Array) => void): (() => void) => {
    queueMicrotask(() => {
      take(new TextEncoder().encode(JSON.stringify(message)));
    });
    return () => undefined;
  };
  const credentials = { user: "anna", password: "secret", project: "chapel" };
  const source = { access: { base: "http://viewer.example/", credentials }, further: { follow } };
  const snapshot = { earlier: [], manifest: { generation: PRESENT }, shownFromFirst: IDENTITY };
  return new Earlier(snapshot as unknown as Snapshot, source as unknown as EarlierSource, () => undefined);
}

it("each choice asks for one shard, with which the others come, and ends what the one before asked for", async () => {
  const earlier = opened();
  await Promise.resolve();
  const choices = [1, 2, 3].map(async (generation) => earlier.choose(generation));
  expect(asked.map(({ address }) => /generation=(\d)/.exec(address)?.[1])).toEqual(["1", "2", "3"]);
  expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  await Promise.all(choices.slice(0, 2));
  expect([earlier.chosen, earlier.coming]).toEqual([3, "loading"]);
  answer(new Response("points"));
  await vi.waitFor(() => {
    expect(asked).toHaveLength(3 + 7);
  });
  earlier.forget();
  expect(asked.every(({ signal }, at) => at === 2 || signal.aborted)).toBe(true);
});

it("a version that is chosen again is still being loaded when its first loading ends", async () => {
  const earlier = opened();
  await Promise.resolve();
  const [first] = [1, 2, 1].map(async (generation) => earlier.choose(generation));
  await first;
  expect([earlier.chosen, earlier.coming]).toEqual([1, "loading"]);
  earlier.forget();
});
