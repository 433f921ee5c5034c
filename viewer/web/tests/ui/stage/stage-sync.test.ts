import { PerspectiveCamera, Vector3 } from "three";
import { describe, expect, it, vi } from "vitest";

import { Navigation } from "../../../src/render/navigation";
import type { Stage } from "../../../src/render/stage";
import { matrixOf } from "../../../src/render/stage";
import type { Framing, Vector } from "../../../src/scene/framing";
import { moved } from "../../../src/scene/similarity";
import type { CompleteManifest } from "../../../src/scene/loading/pages";
import type { Action } from "../../../src/scene/state";
import { initialState, reduce } from "../../../src/scene/state";
import { DESKTOP_BUDGET, wantedShards } from "../../../src/scene/wanted";
import type { CameraEntry, Similarity } from "../../../src/wire/contract";
import { StageSync } from "../../../src/ui/stage/stage-sync";
import { completeOf } from "../../manifests";

/** A transform with rotation about the vertical, scale 0.5 and translation. */
const lean: Similarity = { scale: 0.5, rotation_wxyz: [0.8, 0, 0.6, 0], translation: [4, -1, 2] };
const look = { tints: { camera: "#fff", newest: "#fff", further: "#fff" }, selected: null, shown: null };

function generation(number: number, worldFromPrevious?: Similarity): CompleteManifest {
  const { manifest, ...rest } = completeOf(number, 0, [{ index: 0 }]);
  const moving = worldFromPrevious ? { world_from_previous: worldFromPrevious } : {};
  const frame = { ...manifest.frame, up: [0, 1, 0] as const, ...moving };
  return { ...rest, manifest: { ...manifest, previous_generation: number - 1, frame } };
}

function arrival(complete: CompleteManifest): Action[] {
  const shards = wantedShards(complete, DESKTOP_BUDGET).map(({ encoded, entry, key }): Action => ({
    kind: "shard",
    shard: { key, points: entry.point_count, bytes: encoded.size_bytes },
  }));
  return [{ kind: "manifest", complete, bytes: 1 }, ...shards];
}

/** A stage that draws nothing; its object is two points. */
const idle = {
  shownPoints: [Float32Array.of(0, 0, 0, 1, 0, 0)],
  clouds: { spacedClouds: [] },
  show: (): void => undefined,
  stand: (): void => undefined,
  placeCameras: (): void => undefined,
};

describe("a swap of generations", () => {
  it("shows the new shards and moves the camera in the same update", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const calls: string[] = [];
    const stage = {
      shownPoints: [],
      clouds: { spacedClouds: [] },
      show: () => calls.push("show"),
      stand: () => calls.push("stand"),
      carry: (by: Similarity) => calls.push(`carry by ${by.scale}`),
      placeCameras: () => calls.push("cameras"),
    };
    const showing = new StageSync(stage as unknown as Stage);
    let state = initialState("chapel", DESKTOP_BUDGET);
    const shown: string[][] = [];
    for (const action of [...arrival(generation(1)), ...arrival(generation(2, lean))]) {
      state = reduce(state, action, 0, 0);
      calls.length = 0;
      showing.sync(state, look);
      shown.push([...calls]);
    }
    expect(shown.at(-1)).toEqual(["show", "carry by 0.5", "cameras"]);
    expect(shown.slice(0, -1).flat()).not.toContain("carry by 0.5");
    showing.sync(state, { ...look, selected: "x" });
    expect(calls.filter((call) => call.startsWith("carry"))).toHaveLength(1);
  });

  it("leaves nothing of one project to the next", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const carried: Similarity[] = [];
    const stage = {
      shownPoints: [],
      clouds: { spacedClouds: [] },
      show: () => undefined,
      stand: () => undefined,
      carry: (by: Similarity) => carried.push(by),
      placeCameras: () => undefined,
    };
    const showing = new StageSync(stage as unknown as Stage);
    const follow = (...generations: readonly CompleteManifest[]): void => {
      let state = initialState("chapel", DESKTOP_BUDGET);
      showing.sync(state, look);
      for (const action of generations.flatMap(arrival)) {
        state = reduce(state, action, 0, 0);
        showing.sync(state, look);
      }
    };
    follow(generation(1), generation(2, lean));
    expect(showing.earlier.all).toHaveLength(1);
    carried.length = 0;
    follow(generation(7));
    expect(showing.earlier.all).toEqual([]);
    expect(carried).toEqual([]);
  });

  it("makes room for the object as it is now, not as it was when it was last framed", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const asked: number[] = [];
    const stage = {
      ...idle,
      framer: { fit: () => undefined, isFitting: ({ center }: Framing) => asked.push(center[0]) > 0 },
    };
    const showing = new StageSync(stage as unknown as Stage);
    let state = initialState("chapel", DESKTOP_BUDGET);
    for (const action of arrival(generation(1))) {
      state = reduce(state, action, 0, 0);
      showing.sync(state, look);
    }
    stage.shownPoints = [Float32Array.of(0, 0, 0, 3, 0, 0)];
    showing.sync(state, { ...look, selected: "x" });
    showing.makeRoom(state);
    expect(asked.at(-1)).toBe(1.5);
  });

  it("draws nothing for a manifest until a point or a camera changes", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const framed: string[] = [];
    const placed = new Set<unknown>();
    const stage = {
      ...idle,
      placeCameras: (cameras: unknown) => placed.add(cameras),
      framer: { fit: () => framed.push("fit"), isFitting: () => framed.push("compared") > 0 },
    };
    const showing = new StageSync(stage as unknown as Stage);
    const first = generation(1);
    const { manifest, shards } = first;
    const camera = { image_id: "a", component: 0, world_from_camera: null } as unknown as CameraEntry;
    let state = initialState("chapel", DESKTOP_BUDGET);
    for (const action of arrival({ ...first, cameras: [camera] })) state = reduce(state, action, 0, 0);
    showing.sync(state, look);
    expect([framed, placed.size]).toEqual([["fit"], 1]);
    const next: CompleteManifest = {
      manifest: { ...manifest, revision: 7 },
      shards: [...shards, ...shards.map((shard) => ({ ...shard, index: 9 }))],
      cameras: [camera],
    };
    const [said, ...arrivals] = arrival(next);
    if (said) state = reduce(state, said, 0, 0);
    expect(state.scene.shown?.manifest.revision).toBe(7);
    showing.sync(state, look);
    expect([framed, placed.size]).toEqual([["fit"], 1]);
    for (const action of arrivals) state = reduce(state, action, 0, 0);
    showing.sync(state, look);
    expect([framed, placed.size]).toEqual([["fit", "compared"], 1]);
  });

  it("compares the view with a set that loads each time it has grown by a third, and with all of it", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const compared: number[] = [];
    const stage = {
      ...idle,
      shownCount: 0,
      show: (keys: readonly string[]) => (stage.shownCount = keys.length),
      framer: { fit: () => compared.push(stage.shownCount), isFitting: () => compared.push(stage.shownCount) > 0 },
    };
    const showing = new StageSync(stage as unknown as Stage);
    const { manifest, ...rest } = completeOf(
      1,
      0,
      Array.from({ length: 20 }, (_, index) => ({ index })),
    );
    let state = initialState("chapel", DESKTOP_BUDGET);
    for (const action of arrival({ ...rest, manifest })) {
      state = reduce(state, action, 0, 0);
      showing.sync(state, look);
    }
    expect(compared).toEqual([1, 2, 3, 4, 6, 8, 11, 15, 20]);
    const arrivals = arrival(completeOf(2, 0, Array.from({ length: 30 }, (_, index) => ({ index })))); // prettier-ignore
    for (const action of arrivals.slice(0, 21)) state = reduce(state, action, 0, 0);
    expect(state.scene.shown?.manifest.generation).toBe(2); // as many points as before, and not complete
    showing.sync(state, look);
    expect(compared).toHaveLength(10);
  });

  it("says whether shards are still to come, also those of the next generation", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const loading: boolean[] = [];
    const stage = {
      ...idle,
      show: (_keys: readonly string[], _keep: ReadonlySet<string>, isLoading: boolean) => loading.push(isLoading),
      framer: { fit: () => undefined, isFitting: () => true },
    };
    const showing = new StageSync(stage as unknown as Stage);
    let state = initialState("chapel", DESKTOP_BUDGET);
    for (const number of [1, 2])
      for (const action of arrival(completeOf(number, 0, [{ index: 0 }, { index: 1 }]))) {
        state = reduce(state, action, 0, 0);
        showing.sync(state, look);
      }
    expect(loading).toEqual([true, true, false, true, true, false]);
  });

  it("leaves every point of the object where it was on screen", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
    const camera = new PerspectiveCamera(45, 1.6, 0.01, 100);
    const navigation = new Navigation(camera, null, () => undefined);
    navigation.flyTo({ position: new Vector3(3, 2, 5), target: new Vector3(0.5, 0.2, 0) }, 0);
    const onScreen = (point: Vector): Vector3 => {
      camera.updateMatrixWorld();
      return new Vector3(...point).project(camera);
    };
    const points: readonly Vector[] = [[0, 0, 0], [1, 0.5, -1], [-0.7, 1, 0.4]]; // prettier-ignore
    const before = points.map(onScreen);
    navigation.carry(matrixOf(lean));
    for (const [at, point] of points.entries()) {
      const now = onScreen(moved(lean, point));
      expect(now.x).toBeCloseTo(before[at]?.x ?? NaN, 9);
      expect(now.y).toBeCloseTo(before[at]?.y ?? NaN, 9);
    }
  });
});
