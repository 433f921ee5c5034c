/** How do tests build manifests? From short drafts of shards. */
import { IDENTITY } from "../src/scene/similarity";
import type { CompleteManifest } from "../src/scene/loading/pages";
import type { Action, News } from "../src/scene/state";
import type { Manifest, ShardEntry } from "../src/wire/contract";

export const UNIT_BOUNDS = { minimum: [0, 0, 0], maximum: [1, 1, 1] } as const;

export interface ShardDraft {
  readonly index: number;
  readonly level?: number;
  readonly points?: number;
  readonly bytes?: number;
}

export function shardOf({ bytes = 600, index, level = 0, points = 100 }: ShardDraft, generation: number): ShardEntry {
  const sha256 = `${generation.toString(16).padStart(8, "0")}${index.toString(16).padStart(8, "0")}`.padEnd(64, "0");
  return {
    index,
    level,
    kind: "reference",
    image_number: null,
    component: 0,
    point_count: points,
    bounds: UNIT_BOUNDS,
    encodings: [{ encoding: "packed", size_bytes: bytes, sha256 }],
  };
}

export function completeOf(generation: number, revision: number, shards: readonly ShardDraft[]): CompleteManifest {
  const entries = shards.map((draft) => shardOf(draft, generation));
  const manifest: Manifest = {
    type: "manifest",
    schema: "1.0",
    sent_at: new Date(Date.UTC(2026, 10, 24, 9, generation, revision)).toISOString(),
    project: "chapel",
    store_id: "0123456789abcdef",
    epoch: 1,
    generation,
    revision,
    previous_generation: null,
    image_count: 10,
    frame: {
      metres_per_unit: null,
      scale_source: "none",
      scale_deviation_ratio: null,
      up: null,
      offset: [0, 0, 0],
      world_from_previous: IDENTITY,
    },
    bounds: UNIT_BOUNDS,
    point_count: entries.reduce((sum, { point_count: points }) => sum + points, 0),
    shard_count: entries.length,
    level_count: 2,
    components: [{ id: 0, image_count: 10, world_from_component: IDENTITY }],
    shard_pages: [],
    camera_pages: [],
    left_out: { point_count: 0, shard_count: 0, ply_count: 0 },
  };
  return { manifest, shards: entries, cameras: [] };
}

/** The action of a message, or of a manifest with its pages. */
export function actionOf(each: Action | News | CompleteManifest): Action {
  if ("cameras" in each) return { kind: "manifest", complete: each, bytes: 10 };
  return "type" in each ? { kind: "message", message: each, bytes: 10 } : each;
}
