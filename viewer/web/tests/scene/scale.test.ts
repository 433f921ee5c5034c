import { describe, expect, it } from "vitest";

import { rulerOf, shownBar } from "../../src/scene/scale";
import type { CompleteManifest } from "../../src/scene/loading/pages";
import { moved } from "../../src/scene/similarity";
import type { Action, ProjectState } from "../../src/scene/state";
import { initialState, reduce } from "../../src/scene/state";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import type { ScaleBar, Similarity, WorldFrame } from "../../src/wire/contract";
import { actionOf, completeOf } from "../manifests";

const lean: Similarity = { scale: 2, rotation_wxyz: [Math.SQRT1_2, 0, Math.SQRT1_2, 0], translation: [5, 0, 1] };
const bar: ScaleBar = {
  type: "scale_bar",
  schema: "1.0",
  sent_at: "2026-11-24T09:00:00Z",
  project: "chapel",
  generation: 1,
  begin: [1, 2, 3],
  end: [1, 2, 5],
  distance_m: 1.5,
  user: "anna",
};

function generation(number: number, frame: Partial<WorldFrame> = {}): CompleteManifest {
  const { manifest, ...rest } = completeOf(number, 0, [{ index: 0 }]);
  const previous = number > 1 ? number - 1 : null;
  return { ...rest, manifest: { ...manifest, previous_generation: previous, frame: { ...manifest.frame, ...frame } } };
}

function shardsOf(complete: CompleteManifest): Action[] {
  return wantedShards(complete, DESKTOP_BUDGET).map(({ encoded, entry, key }) => ({
    kind: "shard",
    shard: { key, points: entry.point_count, bytes: encoded.size_bytes },
  }));
}

function follow(...actions: readonly (Action | CompleteManifest | ScaleBar)[]): ProjectState {
  let state = initialState("chapel", DESKTOP_BUDGET);
  for (const each of actions) state = reduce(state, actionOf(each), 0, 0);
  return state;
}

describe("the scale bar", () => {
  const first = generation(1, { offset: [1, 0, 0] });
  const second = generation(2, { offset: [0, 0, 9], world_from_previous: lean });
  const third = generation(3, { world_from_previous: lean });

  it("is in shard coordinates", () => {
    const { scaleBar, scene } = follow(first, ...shardsOf(first), bar);
    expect(shownBar(scaleBar, scene.shown)).toEqual({ begin: [0, 2, 3], end: [0, 2, 5], distanceM: 1.5 });
    expect(shownBar(null, scene.shown)).toBeNull();
  });

  it("moves with the object in the step that swaps the generations, not before", () => {
    const waiting = follow(first, ...shardsOf(first), bar, second);
    expect(waiting.scaleBar).toEqual(bar);
    const flipped = shardsOf(second).reduce((state, action) => reduce(state, action, 0, 0), waiting);
    expect(flipped.scene.shown?.manifest.generation).toBe(2);
    expect(flipped.scaleBar?.generation).toBe(2);
    expect(flipped.scaleBar?.begin).toEqual(moved(lean, bar.begin).map((value) => expect.closeTo(value, 9) as number));
    const ends = shownBar(flipped.scaleBar, flipped.scene.shown);
    expect(ends?.begin[2]).toBeCloseTo(moved(lean, bar.begin)[2] - 9, 9);
  });

  it("moves through a generation that was never shown", () => {
    const state = follow(first, ...shardsOf(first), bar, second, third, ...shardsOf(third));
    expect(state.scene.swapCount).toBe(1);
    const wanted = moved(lean, moved(lean, bar.begin));
    expect(state.scaleBar?.begin).toEqual(wanted.map((value) => expect.closeTo(value, 9) as number));
  });

  it("that was set in the coming generation stays as it is", () => {
    const late = { ...bar, generation: 2 };
    expect(follow(first, ...shardsOf(first), second, late, ...shardsOf(second)).scaleBar).toEqual(late);
  });

  it("can be removed", () => {
    expect(follow(first, bar, { kind: "scale_cleared" }).scaleBar).toBeNull();
  });
});

describe("the ruler", () => {
  it("has the longest length of 1, 2 or 5 times a power of ten that fits", () => {
    expect(rulerOf(0.01, 130)).toEqual({ metres: 1, widthPx: 100 });
    expect(rulerOf(0.02, 130)?.metres).toBe(2);
    expect(rulerOf(0.0415, 130)?.metres).toBe(5);
    expect(rulerOf(0.000_03, 130)?.metres).toBeCloseTo(0.002, 12);
    expect(rulerOf(3, 130)?.metres).toBe(200);
    expect([rulerOf(0, 130), rulerOf(Number.NaN, 130)]).toEqual([null, null]);
  });
});
