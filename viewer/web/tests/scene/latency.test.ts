import { describe, expect, it } from "vitest";

import { latencyAfterPong, NO_LATENCY, summaryOf } from "../../src/scene/latency";
import type { CompleteManifest } from "../../src/scene/loading/pages";
import type { Action, ProjectState } from "../../src/scene/state";
import { initialState, reduce } from "../../src/scene/state";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import type { ProcessingComplete, Response } from "../../src/wire/contract";
import { actionOf, completeOf } from "../manifests";

const BEGIN = Date.UTC(2026, 10, 24, 9, 0, 0);
/** The reconstructor's clock is an hour ahead. */
const AHEAD_MS = 3_600_000;
const at = (ms: number): string => new Date(BEGIN + ms).toISOString();
const envelope = { schema: "1.0", project: "chapel" } as const;

const pong: Response = {
  ...envelope,
  type: "response",
  sent_at: at(AHEAD_MS + 60),
  id: "a",
  verb: "ping",
  is_done: true,
  code: null,
  reason: null,
  request_sent_at: at(0),
  received_at: at(AHEAD_MS + 40),
  republished_count: 0,
  is_preview: false,
  export: null,
};

function complete(stored: number | null, captured: number | null, isRefetch = false): ProcessingComplete {
  return {
    ...envelope,
    type: "processing_complete",
    sent_at: at(0),
    image_id: "walk-000001-0123456789abcdef",
    image_number: 1,
    state: "placed",
    is_refetch: isRefetch,
    generation: 1,
    revision: 1,
    new_point_count: 1,
    duration_s: 1,
    stored_to_shard_s: stored,
    captured_to_shard_s: captured,
  };
}

function follow(
  ...steps: readonly (readonly [ms: number, action: Action | CompleteManifest | Response | ProcessingComplete])[]
): ProjectState {
  let state = initialState("chapel", DESKTOP_BUDGET);
  for (const [ms, each] of steps) state = reduce(state, actionOf(each), ms / 1000, BEGIN + ms);
  return state;
}

describe("the latency of each hop", () => {
  const connected: Action = { kind: "link", link: { kind: "connected", count: 1 } };
  const manifest = (sentAtMs: number): CompleteManifest => {
    const complete = completeOf(1, 0, [{ index: 0 }]);
    return { ...complete, manifest: { ...complete.manifest, sent_at: at(AHEAD_MS + sentAtMs) } };
  };
  const arrival = wantedShards(manifest(0), DESKTOP_BUDGET).map(({ encoded, entry, key }): Action => ({
    kind: "shard",
    shard: { key, points: entry.point_count, bytes: encoded.size_bytes },
  }));

  it("is what the reconstructor reports for an image, not for a rebuild", () => {
    const { hops } = follow(
      [0, complete(2, 5)],
      [1, complete(3, null)],
      [2, complete(9, 9, true)],
      [3, complete(null, 1)],
    ).latency;
    expect(hops.storedToPoints).toEqual([2, 3]);
    expect(hops.capturedToStored).toEqual([3]);
  });

  it("is corrected by the clock offset from the four timestamps of a ping", () => {
    expect(latencyAfterPong(NO_LATENCY, pong, BEGIN + 100).clockOffsetMs).toBe(AHEAD_MS);
    const slow = latencyAfterPong(NO_LATENCY, pong, BEGIN + 900).clockOffsetMs ?? 0;
    expect(Math.abs(slow - AHEAD_MS)).toBeLessThanOrEqual((900 - 20) / 2);
  });

  it("of points to this screen ends when all points are loaded, whatever the other clock says", () => {
    const [shard] = arrival;
    if (!shard) throw new Error("no shard");
    const state = follow([0, connected], [100, pong], [640, manifest(500)], [1700, shard]);
    expect(state.latency.hops.pointsToSeen).toEqual([expect.closeTo(1.2, 9)]);
  });

  it("is unknown for a manifest from before the page connected, and without a ping", () => {
    const late = follow(
      [0, connected],
      [100, pong],
      [640, manifest(-500)],
      ...arrival.map((each) => [900, each] as const),
    );
    expect(late.latency.hops.pointsToSeen).toEqual([]);
    const unknown = follow([0, connected], [640, manifest(500)], ...arrival.map((each) => [900, each] as const));
    expect(unknown.latency.hops.pointsToSeen).toEqual([]);
  });

  it("is summarised by the newest sample and the median", () => {
    expect(summaryOf([5, 1, 9, 2])).toEqual({ newest: 2, median: 5 });
    expect(summaryOf([])).toBeNull();
  });
});
