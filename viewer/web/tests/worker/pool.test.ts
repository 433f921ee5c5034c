import { beforeEach, expect, it, vi } from "vitest";

import type { MeasuredCloud } from "../../src/scene/spacing";
import type { WantedShard } from "../../src/scene/wanted";
import { DecoderPool } from "../../src/worker/pool";
import type { DecodeTask } from "../../src/worker/tasks";

const started = vi.hoisted((): FakeWorker[] => []);

interface FakeWorker extends EventTarget {
  readonly tasks: DecodeTask[];
  isOver: boolean;
}

vi.mock("../../src/worker/start", () => ({
  startDecoder: () => {
    const tasks: DecodeTask[] = [];
    const worker: FakeWorker = Object.assign(new EventTarget(), {
      tasks,
      isOver: false,
      postMessage: (task: DecodeTask) => tasks.push(task),
      terminate: () => (worker.isOver = true),
    });
    started.push(worker);
    return worker;
  },
}));

const shard = { encoded: {}, entry: { point_count: 1 } } as unknown as WantedShard;
const measured = { count: 1 } as MeasuredCloud;

beforeEach(() => {
  started.length = 0;
  vi.stubGlobal("navigator", { hardwareConcurrency: 2 });
});

function answer(worker: FakeWorker | undefined): void {
  const data = { id: worker?.tasks.at(-1)?.id, measured };
  worker?.dispatchEvent(Object.assign(new Event("message"), { data }));
}

it("a decoder that ends gives its shards back, and another one takes the next", async () => {
  const pool = new DecoderPool();
  const lost = [pool.decode(new Uint8Array(1), shard), pool.decode(new Uint8Array(1), shard)];
  started[0]?.dispatchEvent(new Event("error")); // its code did not load
  for (const each of lost) await expect(each).rejects.toMatchObject({ code: "bad_shard" });
  const next = pool.decode(new Uint8Array(1), shard);
  expect([started.length, started[0]?.isOver]).toEqual([2, true]);
  answer(started[1]);
  expect(await next).toBe(measured);
});

it("a decoder that ends leaves the shards of the others alone", async () => {
  vi.stubGlobal("navigator", { hardwareConcurrency: 8 });
  const pool = new DecoderPool();
  const [lost, kept] = [pool.decode(new Uint8Array(1), shard), pool.decode(new Uint8Array(1), shard)];
  started[0]?.dispatchEvent(new Event("error"));
  await expect(lost).rejects.toMatchObject({ code: "bad_shard" });
  answer(started[1]);
  expect(await kept).toBe(measured);
});

it("starts no decoder after it was closed", async () => {
  const pool = new DecoderPool();
  started[0]?.dispatchEvent(new Event("error"));
  pool.close();
  await expect(pool.decode(new Uint8Array(1), shard)).rejects.toMatchObject({ code: "bad_shard" });
  expect(started.length).toBe(1);
});
