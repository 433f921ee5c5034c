/** Which shards are loaded, and in which order? Coarse levels first, within a budget of points and bytes. Pure. */
import type { EncodedShard, Encoding, ShardEntry, Similarity } from "../wire/contract";
import { movedBounds, worldFromComponent } from "./components";
import type { CompleteManifest } from "./loading/pages";

/** The hard limits of what a device holds. */
export interface Budget {
  readonly points: number;
  readonly bytes: number;
}

/** One shard to load, in the encoding that this device prefers. */
export interface WantedShard {
  /** Generation, index and content hash, so that a restarted project never reuses its old shards. */
  readonly key: string;
  readonly generation: number;
  /** Its bounds are those in the world. */
  readonly entry: ShardEntry;
  readonly encoded: EncodedShard;
  /** Where the shard's points are drawn: a further component stands beside the leading one. */
  readonly worldFromShard: Similarity;
}

export const DESKTOP_BUDGET: Budget = { points: 2_000_000, bytes: 96 * 1024 * 1024 };
export const PHONE_BUDGET: Budget = { points: 500_000, bytes: 24 * 1024 * 1024 };

/** Double the budget, which a visitor may request once. */
export function widened({ bytes, points }: Budget): Budget {
  return { points: 2 * points, bytes: 2 * bytes };
}

/**
 * List the shards to load, coarse levels first.
 *
 * Levels are additive, so a list that is cut at its end is a complete cloud of lower quality.
 * The first shard is always in the list, so that something is shown.
 */
export function wantedShards(
  { manifest, shards }: Pick<CompleteManifest, "manifest" | "shards">,
  budget: Budget,
  preferred: Encoding = "packed",
): readonly WantedShard[] {
  const wanted: WantedShard[] = [];
  let points = 0;
  let bytes = 0;
  for (const entry of [...shards].sort((one, other) => one.level - other.level || one.index - other.index)) {
    const encoded = entry.encodings.find(({ encoding }) => encoding === preferred) ?? entry.encodings[0];
    if (!encoded) continue;
    points += entry.point_count;
    bytes += encoded.size_bytes;
    if (wanted.length > 0 && (points > budget.points || bytes > budget.bytes)) break;
    const key = `${manifest.generation}/${entry.index}/${encoded.sha256.slice(0, 16)}`;
    const worldFromShard = worldFromComponent(manifest.components, entry.component);
    const inWorld = { ...entry, bounds: movedBounds(worldFromShard, entry.bounds) };
    wanted.push({ key, generation: manifest.generation, entry: inWorld, encoded, worldFromShard });
  }
  return wanted;
}
