/** Does the reducer follow the golden steps of tests/golden, and the rules that only the page has? */
import { describe, expect, it } from "vitest";

import type { SceneState } from "../../src/scene/reference";
import { emptyScene, newestManifest, withBudget, withManifest, withShard, withTime } from "../../src/scene/reference";
import { DESKTOP_BUDGET, wantedShards } from "../../src/scene/wanted";
import type { CompleteManifest } from "../../src/scene/loading/pages";
import type { CameraEntry, Manifest, ShardEntry } from "../../src/wire/contract";
import { decodeMessage } from "../../src/wire/messages";
import { goldenJson } from "../golden";
import { completeOf } from "../manifests";

type Pair = readonly [generation: number, index: number];

interface GoldenStep {
  readonly at_s: number;
  readonly manifest?: { readonly shards: readonly Omit<ShardEntry, "component" | "image_number">[] };
  readonly shard?: { readonly generation: number; readonly index: number };
  readonly point_budget?: number | null;
  readonly expect: {
    readonly shown_generation: number | null;
    readonly coming_generation: number | null;
    readonly visible: readonly Pair[];
    readonly wanted: readonly Pair[];
  };
}

interface GoldenCase {
  readonly name: string;
  readonly encoding: string;
  readonly point_budget: number | null;
  readonly steps: readonly GoldenStep[];
}

const golden = goldenJson("scene.json") as { readonly cases: readonly GoldenCase[] };

function shardOf(entry: Omit<ShardEntry, "component" | "image_number">): ShardEntry {
  return { component: 0, image_number: null, ...entry };
}

function budgetOf(points: number | null | undefined) {
  return { points: points ?? Infinity, bytes: Infinity };
}

function arrive(scene: SceneState, generation: number, index: number, atS: number): SceneState {
  for (const set of [scene.shown, scene.coming]) {
    if (set?.manifest.generation !== generation) continue;
    const shard = wantedShards(set, budgetOf(null)).find(({ entry }) => entry.index === index);
    if (shard)
      return withShard(
        scene,
        { key: shard.key, points: shard.entry.point_count, bytes: shard.encoded.size_bytes },
        atS,
      );
  }
  return withShard(scene, { key: `${generation}/${index}/unknown`, points: 100, bytes: 600 }, atS);
}

function step(scene: SceneState, { at_s: atS, manifest, point_budget: points, shard }: GoldenStep): SceneState {
  if (manifest) {
    const message = decodeMessage("reference", new TextEncoder().encode(JSON.stringify(manifest)));
    if (message?.type !== "manifest") throw new Error("not a manifest");
    return withManifest(scene, { manifest: message, shards: manifest.shards.map(shardOf), cameras: [] }, atS);
  }
  if (shard) return arrive(scene, shard.generation, shard.index, atS);
  if (points !== undefined) return withBudget(scene, budgetOf(points), atS);
  return withTime(scene, atS);
}

function pairs(scene: SceneState, isLoaded: boolean): Pair[] {
  const set = isLoaded ? scene.shown : (scene.coming ?? scene.shown);
  if (!set) return [];
  return wantedShards(set, scene.budget)
    .filter(({ key }) => set.loaded.has(key) === isLoaded)
    .map(({ entry, generation }) => [generation, entry.index]);
}

describe("the golden steps", () => {
  const cases = golden.cases.filter(({ encoding }) => encoding === "packed"); // the page always prefers packed
  it.each(cases)("$name", ({ point_budget: points, steps }) => {
    let scene = emptyScene(budgetOf(points));
    for (const each of steps) {
      scene = step(scene, each);
      expect({
        shown_generation: scene.shown?.manifest.generation ?? null,
        coming_generation: scene.coming?.manifest.generation ?? null,
        visible: pairs(scene, true),
        wanted: pairs(scene, false),
      }).toEqual(each.expect);
    }
  });
});

describe("the reducer", () => {
  it("counts every change of generation on screen", () => {
    let scene = withManifest(emptyScene(DESKTOP_BUDGET), completeOf(1, 0, [{ index: 0 }]), 0);
    scene = arrive(scene, 1, 0, 1);
    scene = withManifest(scene, completeOf(2, 0, [{ index: 0, points: 100 }]), 2);
    expect(scene.swapCount).toBe(0);
    expect(arrive(scene, 2, 0, 3).swapCount).toBe(1);
  });

  it("returns the same state when a manifest arrives twice", () => {
    const complete = completeOf(1, 0, [{ index: 0 }]);
    const scene = withManifest(emptyScene(DESKTOP_BUDGET), complete, 0);
    expect(withManifest(scene, { ...complete, manifest: { ...complete.manifest } }, 1)).toBe(scene);
  });

  it("shows nothing of a manifest that has no points yet", () => {
    expect(withManifest(emptyScene(DESKTOP_BUDGET), completeOf(0, 3, []), 0).shown).toBeNull();
  });

  it("reports the manifest of the coming set as the newest", () => {
    const scene = arrive(withManifest(emptyScene(DESKTOP_BUDGET), completeOf(1, 0, [{ index: 0 }]), 0), 1, 0, 1);
    expect(newestManifest(withManifest(scene, completeOf(2, 0, [{ index: 0 }, { index: 1 }]), 2))?.generation).toBe(2);
  });

  it("drops the finest shards when the byte budget is reached before the point budget", () => {
    const manifest = completeOf(1, 0, [{ index: 0 }, { index: 1, level: 1 }, { index: 2, level: 2 }]);
    expect(wantedShards(manifest, { points: Infinity, bytes: 1300 }).map(({ entry }) => entry.index)).toEqual([0, 1]);
  });

  it("uses the other encoding when the preferred one is missing", () => {
    const manifest = completeOf(1, 0, [{ index: 0 }]);
    expect(wantedShards(manifest, DESKTOP_BUDGET, "ply")[0]?.encoded.encoding).toBe("packed");
  });
});

describe("an image's first points", () => {
  const named = (revision: number, indexes: readonly number[]) => {
    const complete = completeOf(
      1,
      revision,
      indexes.map((index) => ({ index })),
    );
    const shards = complete.shards.map((each) => ({ ...each, image_number: each.index === 0 ? null : 7 }));
    return { ...complete, shards };
  };
  const loadedIndexes = ({ shown }: SceneState) =>
    [...(shown?.plan ?? []), ...(shown?.standIns ?? [])]
      .filter(({ key }) => shown?.loaded.has(key))
      .map(({ entry }) => entry.index)
      .sort();

  it("stay until all finer points of the image are loaded", () => {
    let scene = withManifest(emptyScene(budgetOf(null)), named(0, [0, 1]), 0);
    scene = arrive(arrive(scene, 1, 0, 0), 1, 1, 0);
    expect(loadedIndexes(scene)).toEqual([0, 1]);
    scene = withManifest(scene, named(1, [0, 2, 3]), 1);
    expect(loadedIndexes(scene)).toEqual([0, 1]);
    scene = arrive(scene, 1, 2, 1);
    expect(loadedIndexes(scene)).toEqual([0, 1, 2]);
    scene = arrive(scene, 1, 3, 1);
    expect(loadedIndexes(scene)).toEqual([0, 2, 3]);
    expect(scene.shown?.loaded.size).toBe(3);
  });

  it("go when the manifest leaves the image out", () => {
    let scene = withManifest(emptyScene(budgetOf(null)), named(0, [0, 1]), 0);
    scene = arrive(arrive(scene, 1, 0, 0), 1, 1, 0);
    scene = withManifest(scene, named(1, [0]), 1);
    expect(loadedIndexes(scene)).toEqual([0]);
  });
});

it("a manifest with the same cameras keeps their array, also those of a further component", () => {
  const moved = { scale: 2, rotation_wxyz: [1, 0, 0, 0], translation: [3, 0, 0] } as const;
  const row = [0, 0, 0, 0] as const;
  const camera = { image_id: "a", component: 1, world_from_camera: [row, row, row, row] } as unknown as CameraEntry;
  const { manifest, ...rest } = completeOf(1, 0, [{ index: 0 }]);
  const components = [{ id: 1, image_count: 4, world_from_component: moved }] as unknown as Manifest["components"];
  const said = (revision: number, cameras: readonly CameraEntry[]): CompleteManifest => ({
    ...rest,
    cameras,
    manifest: { ...manifest, components, revision, sent_at: `2026-11-30T00:00:0${revision}Z` },
  });
  const first = withManifest(emptyScene(budgetOf(null)), said(1, [camera]), 0);
  const second = withManifest(first, said(2, [camera]), 0);
  expect(second.shown?.manifest.revision).toBe(2);
  expect(second.shown?.cameras).toBe(first.shown?.cameras);
  const other = withManifest(second, said(3, [{ ...camera, image_id: "b" }]), 0);
  expect(other.shown?.cameras[0]?.image_id).toBe("b");
});
