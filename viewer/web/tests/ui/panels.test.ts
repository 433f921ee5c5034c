import type { TemplateResult } from "lit";
import { expect, it } from "vitest";

import { NO_IMAGES } from "../../src/scene/images";
import type { ProjectState } from "../../src/scene/state";
import { coverageStyles } from "../../src/ui/coverage/coverage-styles";
import { Rail } from "../../src/ui/panels/rail";
import { Statistics } from "../../src/ui/panels/statistics";

/** The values behind a piece of a template. */
function valueAfter(name: string, { strings, values }: TemplateResult): unknown {
  return values[strings.findIndex((text) => text.endsWith(`${name}=`))];
}

/** Whether each stone stands for a rebuild, and its number. */
function stones(imageCount: number, refetchEvery: number): readonly (readonly [number: unknown, isRebuild: unknown])[] {
  const rail = new Rail();
  rail.images = { ...NO_IMAGES, imageCount, refetchEvery };
  const drawn = rail.render().values.find(Array.isArray) as TemplateResult[];
  return drawn.map((stone) => [stone.values.at(-1), valueAfter("data-refetch", stone)]);
}

it("the row of stones shows the newest image of a long round, and the rebuild only as its last", () => {
  expect(stones(7, 10).filter(([, isRebuild]) => isRebuild)).toEqual([[10, true]]);
  expect(stones(3, 50).map(([number]) => number)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  expect(stones(3, 50).filter(([, isRebuild]) => isRebuild)).toEqual([]);
  expect(stones(87, 50).at(-1)).toEqual([87, false]);
  expect(stones(100, 50).at(-1)).toEqual([100, true]);
});

it("the number of a place behind the viewer is not on the screen", () => {
  expect(coverageStyles.cssText).toMatch(/\.badge\[hidden\] \{\s*display: none/);
});

it("the error of a scale is not rounded to nothing among the figures", () => {
  const frame = { metres_per_unit: 2, scale_source: "scale_bar", scale_deviation_ratio: 0.0035 };
  const manifest = { point_count: 1, shard_count: 1, generation: 1, revision: 0, frame };
  const scene = { shown: { manifest, loaded: new Map(), plan: [], shards: [] } };
  const traffic = { failedShards: 0, messages: 0, bytes: 0 };
  const latency = { hops: { capturedToStored: [], pointsToSeen: [], storedToPoints: [] } };
  const statistics = new Statistics();
  statistics.device = { frameMs: 1, drawCalls: 1, pointsDrawn: 1, frames: 1 };
  statistics.state = {
    ...{ scene, traffic, latency, images: NO_IMAGES, statistics: null, roundTripS: null, rights: new Set() },
  } as unknown as ProjectState;
  expect(JSON.stringify(statistics.render())).toContain("± 0.35 %");
});
