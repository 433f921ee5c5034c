import { describe, expect, it } from "vitest";

import type { CompleteManifest } from "../../src/scene/loading/pages";
import { REMOVAL_SHOWN_S } from "../../src/scene/removal";
import type { Action, News, ProjectState } from "../../src/scene/state";
import { initialState, reduce } from "../../src/scene/state";
import { bannerOf } from "../../src/scene/status";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import type { Manifest } from "../../src/wire/contract";
import { bannerWords } from "../../src/ui/words";
import { actionOf, completeOf } from "../manifests";

const connected: Action = { kind: "link", link: { kind: "connected", count: 1 } };
const time: Action = { kind: "time" };

function follow(state: ProjectState, nowS: number, ...actions: readonly (Action | News | CompleteManifest)[]) {
  return actions.reduce<ProjectState>((sum, each) => reduce(sum, actionOf(each), nowS, 1000 * nowS), state);
}

/** A generation with all its shards, as the page receives them. */
function generation(number: number, points: number, change: Partial<Manifest> = {}): (Action | CompleteManifest)[] {
  const plain = completeOf(number, 0, [{ index: 0, points }]);
  const previous = number > 1 ? number - 1 : null;
  const complete = { ...plain, manifest: { ...plain.manifest, previous_generation: previous, ...change } };
  const shards = wantedShards(complete, DESKTOP_BUDGET).map(({ encoded, entry, key }): Action => {
    return { kind: "shard", shard: { key, points: entry.point_count, bytes: encoded.size_bytes } };
  });
  return [complete, ...shards];
}

const starting: News = {
  schema: "1.0",
  sent_at: "2026-11-24T09:00:00Z",
  project: "chapel",
  type: "refetch_starting",
  image_id: "walk-000020-0123456789abcdef",
  image_number: 20,
  next_generation: 2,
};
const before = follow(initialState("chapel", DESKTOP_BUDGET), 1, connected, ...generation(1, 700_038));

describe("a rebuild that removed points", () => {
  const after = follow(before, 100, ...generation(2, 560_151));

  it("says so above the object, with the number as the language writes it", () => {
    const banner = bannerOf(after);
    expect(banner).toEqual({ kind: "points_removed", count: 139_887 });
    expect(banner && bannerWords(banner, after)).toMatch(/^The rebuild removed 139,887 points .* take more photos/);
  });

  it("goes by itself and stays in the activity list", () => {
    expect(bannerOf(follow(after, 99 + REMOVAL_SHOWN_S, time))?.kind).toBe("points_removed");
    const later = follow(after, 100 + REMOVAL_SHOWN_S, time);
    expect(bannerOf(later)).toBeNull();
    expect(later.activity.map(({ atMs, message }) => [message.type, atMs])).toEqual([["points_removed", 100_000]]);
    expect(later.activity[0]?.message).toMatchObject({ generation: 2, point_count: 139_887 });
  });
});

describe("nothing is said", () => {
  it.each<[string, ProjectState]>([
    ["when nothing was lost", follow(before, 100, ...generation(2, 700_038))],
    ["when there are more points", follow(before, 100, ...generation(2, 800_000))],
    ["when a generation was missed", follow(before, 100, ...generation(3, 560_151, { previous_generation: 2 }))],
    ["when a project began again", follow(before, 100, ...generation(1, 20, { sent_at: "2026-12-01T00:00:00Z" }))],
    ["to who comes after it", follow(initialState("chapel", DESKTOP_BUDGET), 100, ...generation(2, 560_151))],
    [
      "of points for which the broker has no room",
      follow(
        before,
        100,
        ...generation(2, 560_151, { left_out: { point_count: 139_887, shard_count: 9, ply_count: 0 } }),
      ),
    ],
  ])("%s", (_, state) => {
    expect(state.scene.shown).not.toBeNull();
    expect([state.removal, state.activity]).toEqual([null, []]);
  });
});

describe("images that were placed during the rebuild", () => {
  const grown = (state: ProjectState) => {
    const plain = completeOf(1, 1, [
      { index: 0, points: 700_038 },
      { index: 1, points: 50_000 },
    ]);
    return follow(state, 50, { ...plain, manifest: { ...plain.manifest, image_count: 21 } });
  };

  it("do not count as removed", () => {
    const started = grown(follow(before, 40, starting));
    expect(follow(started, 100, ...generation(2, 700_000)).removal).toMatchObject({ pointCount: 38 });
  });

  it("cannot be told apart by who came meanwhile", () => {
    expect(follow(grown(before), 100, ...generation(2, 700_000)).removal).toBeNull();
  });
});
