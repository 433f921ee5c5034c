import { describe, expect, it } from "vitest";

import type { Step } from "../../src/scene/loading/queue";
import { LoadQueue, PATIENCE_S } from "../../src/scene/loading/queue";
import type { WantedShard } from "../../src/scene/wanted";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import { completeOf } from "../manifests";

const nothing = (): boolean => false;

function wantedOf(count: number, generation = 1): readonly WantedShard[] {
  return wantedShards(
    completeOf(
      generation,
      0,
      Array.from({ length: count }, (_, index) => ({ index })),
    ),
    DESKTOP_BUDGET,
  );
}

function kinds(steps: readonly Step<WantedShard>[]): string[] {
  return steps.map((step) => ("items" in step ? `${step.kind} ${step.items.length}` : step.kind));
}

function keyAt(wanted: readonly WantedShard[], index: number): string {
  return wanted[index]?.key ?? "";
}

describe("the load queue", () => {
  it("requests two windows of eight, in order", () => {
    const queue = new LoadQueue<WantedShard>();
    const steps = queue.plan(wantedOf(40), nothing, 0);
    expect(kinds(steps)).toEqual(["subscribe 8", "subscribe 8"]);
    const asked = steps.flatMap((step) => ("items" in step ? step.items.map(({ entry }) => entry.index) : []));
    expect(asked).toEqual(Array.from({ length: 16 }, (_, index) => index));
    expect(kinds(queue.plan(wantedOf(40), nothing, 0.1))).toEqual([]);
  });

  it("finds nothing overdue while something is on its way", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(4);
    queue.plan(wanted, nothing, 0);
    queue.expect(PATIENCE_S);
    expect(kinds(queue.plan(wanted, nothing, PATIENCE_S + 1))).toEqual([]);
    expect(kinds(queue.plan(wanted, nothing, 2 * PATIENCE_S + 1))).toEqual(["reread", "subscribe 4"]);
  });

  it("opens the next window when one is complete, in any order of arrival", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(20);
    const here = new Set<string>();
    queue.plan(wanted, nothing, 0);
    for (const index of [7, 3, 0, 1, 2, 6, 5, 4]) {
      queue.arrived(keyAt(wanted, index), 1);
      here.add(keyAt(wanted, index));
    }
    expect(kinds(queue.plan(wanted, (key) => here.has(key), 1))).toEqual(["unsubscribe 8", "subscribe 4"]);
    expect(queue.underWay).toBe(12);
  });

  it("rereads the manifest, then requests a resync, then gives up", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(1);
    queue.plan(wanted, nothing, 0);
    expect(kinds(queue.plan(wanted, nothing, PATIENCE_S - 0.1))).toEqual([]);
    expect(kinds(queue.plan(wanted, nothing, PATIENCE_S))).toEqual(["reread", "subscribe 1"]);
    expect(kinds(queue.plan(wanted, nothing, 2 * PATIENCE_S))).toEqual(["resync 1"]);
    expect(kinds(queue.plan(wanted, nothing, 3 * PATIENCE_S))).toEqual(["resync 1"]);
    expect(kinds(queue.plan(wanted, nothing, 4 * PATIENCE_S))).toEqual(["unsubscribe 1"]);
    expect(queue.failedCount).toBe(1);
    expect(kinds(queue.plan(wanted, nothing, 5 * PATIENCE_S))).toEqual([]);
    queue.forgive();
    expect(queue.failedCount).toBe(0);
    expect(kinds(queue.plan(wanted, nothing, 6 * PATIENCE_S))).toEqual(["subscribe 1"]);
  });

  it("does not count shards that are no longer wanted or that arrived late", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(2);
    for (let step = 0; step <= 4; step += 1) queue.plan(wanted, nothing, step * PATIENCE_S);
    expect(queue.failedCount).toBe(2);
    queue.arrived(keyAt(wanted, 0), 5 * PATIENCE_S);
    expect(queue.failedCount).toBe(1);
    queue.plan(wantedOf(2, 2), nothing, 5 * PATIENCE_S);
    expect(queue.failedCount).toBe(0);
  });

  it("waits as long as anything arrives: a slow link is no loss", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(3);
    queue.plan(wanted, nothing, 0);
    queue.arrived(keyAt(wanted, 0), 2.9);
    expect(kinds(queue.plan(wanted, (key) => key === keyAt(wanted, 0), 5))).toEqual([]);
  });

  it("drops the windows of an outdated generation", () => {
    const queue = new LoadQueue<WantedShard>();
    queue.plan(wantedOf(16, 1), nothing, 0);
    const steps = queue.plan(wantedOf(16, 2), nothing, 1);
    expect(kinds(steps)).toEqual(["unsubscribe 8", "unsubscribe 8", "subscribe 8", "subscribe 8"]);
  });

  it("requests a damaged shard at most three times", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(1);
    for (const attempt of [1, 2, 3]) {
      expect(kinds(queue.plan(wanted, nothing, attempt)).at(-1)).toBe("subscribe 1");
      queue.arrived(keyAt(wanted, 0), attempt);
      queue.rejected(keyAt(wanted, 0));
    }
    expect(kinds(queue.plan(wanted, nothing, 4))).toEqual(["unsubscribe 1"]);
    expect(queue.failedCount).toBe(1);
  });

  it("starts over after a reconnection, with missing shards only", () => {
    const queue = new LoadQueue<WantedShard>();
    const wanted = wantedOf(10);
    queue.plan(wanted, nothing, 0);
    queue.reset();
    const isHere = (key: string): boolean => key !== keyAt(wanted, 4);
    expect(kinds(queue.plan(wanted, isHere, 1))).toEqual(["subscribe 1"]);
  });
});
