/** Are points coloured by their cells, and do ghosts and arrows point where one should stand? */
import { describe, expect, it } from "vitest";

import { axesOf, ghostLines, holeLines, linesOf } from "../../src/scene/coverage/lines";
import {
  COVERED,
  RAMP,
  confidencePainter,
  coveragePainter,
  generationPainter,
  heightPainter,
  heightsOf,
  rampColor,
} from "../../src/scene/coverage/painters";
import { wayTo } from "../../src/scene/coverage/way";
import type { MeasuredCloud } from "../../src/scene/spacing";
import type { WantedShard } from "../../src/scene/wanted";
import type { AdvisedPlace, CameraEntry, ShardEntry } from "../../src/wire/contract";
import type { CoverageGrid } from "../../src/wire/coverage";

const grid: CoverageGrid = {
  origin: [10, 0, 0],
  side: 1,
  shape: [2, 1, 2],
  isDense: true,
  cells: Uint32Array.from([0, 1, 3]),
  scores: Uint8Array.from([1, 0, 255]),
  views: Uint8Array.from([1, 0, 6]),
  anglesDeg: Uint8Array.from([0, 0, 20]),
};

function cloud(...points: readonly (readonly number[])[]): MeasuredCloud {
  const tints = new Uint8Array(4 * points.length).fill(77);
  return { pointsInWorld: Float32Array.from(points.flat()), tintsAndSizes: tints, count: points.length, density: 1 };
}

function shard(entry: Partial<ShardEntry> = {}): WantedShard {
  return { entry: { component: 0, kind: "reference", image_number: null, ...entry } } as WantedShard;
}

function colors(painted: Uint8Array): number[][] {
  return Array.from({ length: painted.length / 4 }, (_, index) => [...painted.subarray(4 * index, 4 * index + 3)]);
}

function camera(number: number, x: number, component = 0): CameraEntry {
  // it stands at (x, 0, 0) and looks along +y, with z up
  const pose = [[1, 0, 0, x], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]; // prettier-ignore
  return {
    image_id: `walk-${number}`,
    image_number: number,
    component,
    world_from_camera: pose,
  } as unknown as CameraEntry;
}

function place(position: readonly [number, number, number]): AdvisedPlace {
  return {
    code: "hole",
    position,
    looking: [0, 1, 0],
    target: [0, 5, 0],
    image_id: "walk-1",
    image_number: 1,
    step: 2,
  } as unknown as AdvisedPlace;
}

describe("painters", () => {
  it("colour a point by its cell's score, and grey where nothing is known", () => {
    const measured = cloud([0.5, 0.5, 0.5], [1.5, 0.5, 1.5], [9, 9, 9]);
    const painted = coveragePainter(grid, [10, 0, 0])(shard(), measured);
    expect(colors(painted)).toEqual([[...rampColor(COVERED, 1 / 255)], [...(COVERED.at(-1) ?? [])], [120, 120, 120]]);
    expect([...measured.tintsAndSizes]).toEqual(Array(12).fill(77));
    expect([painted[3], painted[7]]).toEqual([77, 77]);
  });

  it("claim no score for sparse points: only how many photographs see them", () => {
    const painted = coveragePainter({ ...grid, isDense: false }, [10, 0, 0])(shard(), cloud([0.5, 0.5, 0.5]));
    expect(colors(painted)).toEqual([[...rampColor(COVERED, 1 / 6)]]);
  });

  it("leave a further component grey, because its world is another one", () => {
    const painted = coveragePainter(grid, [10, 0, 0])(shard({ component: 1 }), cloud([0.5, 0.5, 0.5]));
    expect(colors(painted)).toEqual([[120, 120, 120]]);
  });

  it("are surer of many photographs from a wide angle", () => {
    const painted = confidencePainter(grid, [10, 0, 0])(shard(), cloud([0.5, 0.5, 0.5], [1.5, 0.5, 1.5]));
    expect(colors(painted)).toEqual([[...rampColor(COVERED, 0.4 / 6)], [...(COVERED.at(-1) ?? [])]]);
  });

  it("colour heights along up, from nearly the lowest to nearly the highest", () => {
    const points = Float32Array.from(Array.from({ length: 101 }, (_, z) => [0, 0, z]).flat());
    expect(heightsOf([points], [0, 0, 1])).toEqual([1, 99]);
    const painted = heightPainter([0, 0, 1], 0, 10)(shard(), cloud([0, 0, -5], [0, 0, 50]));
    expect(colors(painted)).toEqual([[...(RAMP[0] ?? [])], [...(RAMP.at(-1) ?? [])]]);
  });

  it("colour what photographs brought since the last complete version by their number", () => {
    const old = shard();
    const [first, last] = [3, 5].map((number) => shard({ kind: "incremental", image_number: number }));
    const painter = generationPainter([old, first, last].map((each) => (each ?? old).entry));
    const brightness = [old, first, last].map((each) => painter(each ?? old, cloud([0, 0, 0]))[0] ?? 0);
    expect([...brightness].sort((one, other) => one - other)).toEqual(brightness);
    expect(brightness[2]).toBe(RAMP.at(-1)?.[0]);
  });
});

describe("lines", () => {
  it("draw a box around each hole, without the frame's offset", () => {
    const lines = holeLines(grid, [10, 0, 0]);
    expect(lines.length).toBe(12 * 2 * 3);
    const zs = lines.filter((_, at) => at % 3 === 2);
    expect([Math.min(...zs), Math.max(...zs)]).toEqual([1, 2]);
    expect(holeLines({ ...grid, isDense: false }, [0, 0, 0])).toEqual([]);
  });

  it("draw three cameras, a step apart sideways, that look ahead", () => {
    const lines = ghostLines([place([0, 0, 1])], [camera(1, 0)], [0, 0, 1], [0, 0, 0]);
    expect(lines.length).toBe(3 * 8 * 2 * 3);
    const centers = [0, 1, 2].map((index) => lines.slice(index * 48, index * 48 + 3));
    expect(centers).toEqual([[-2, 0, 1], [0, 0, 1], [2, 0, 1]]); // prettier-ignore
    const { colors, positions } = linesOf(lines, holeLines(grid, [0, 0, 0]), [255, 0, 0]);
    expect(colors.length).toBe(positions.length);
    expect([...colors.slice(0, 3)]).toEqual([1, 0, 0]);
  });

  it("have axes also where somebody looks straight up", () => {
    const { down, right } = axesOf([0, 0, 1], [0, 0, 1]);
    expect(Math.hypot(...right)).toBeCloseTo(1);
    expect(Math.hypot(...down)).toBeCloseTo(1);
  });
});

describe("the way", () => {
  it.each([
    ["ahead", [3, 4, 0], 0, 4],
    ["to the right", [5, 0, 0], 90, 2],
    ["to the left", [1, 0, 0], -90, 2],
    ["higher is no distance on the ground", [3, 4, 9], 0, 4],
  ] as const)("leads %s of the last photograph", (_, position, turnDeg, distance) => {
    const way = wayTo(place(position), [camera(1, 0), camera(2, 3), camera(9, 0, 1)], [0, 0, 1]);
    expect(way?.imageNumber).toBe(2);
    expect(way?.turnDeg).toBeCloseTo(turnDeg);
    expect(way?.distance).toBeCloseTo(distance);
  });

  it("is unknown without a placed photograph", () => {
    expect(wayTo(place([0, 0, 0]), [], [0, 0, 1])).toBeNull();
  });
});
