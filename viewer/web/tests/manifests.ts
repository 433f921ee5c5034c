/** How do tests build manifests? From short drafts of shards. */
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
    point_count: points,
    bounds: UNIT_BOUNDS,
    encodings: [{ encoding: "packed", size_bytes: bytes, sha256 }],
  };
}

export function manifestOf(generation: number, revision: number, shards: readonly ShardDraft[]): Manifest {
  const entries = shards.map((draft) => shardOf(draft, generation));
  return {
    type: "manifest",
    schema: "1.0",
    sent_at: new Date(Date.UTC(2026, 10, 24, 9, generation, revision)).toISOString(),
    project: "chapel",
    generation,
    revision,
    previous_generation: null,
    image_count: 10,
    frame: {
      metres_per_unit: null,
      scale_source: "none",
      up: null,
      offset: [0, 0, 0],
      world_from_previous: { scale: 1, rotation_wxyz: [1, 0, 0, 0], translation: [0, 0, 0] },
    },
    bounds: UNIT_BOUNDS,
    point_count: entries.reduce((sum, { point_count: points }) => sum + points, 0),
    level_count: 2,
    shards: entries,
  };
}
