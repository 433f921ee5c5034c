/** Which shards are worth loading, and in which order? Coarse first, within the point and byte budget. Pure. */
import type { EncodedShard, Encoding, Manifest, ShardEntry } from "../wire/contract";

/** Hard limits of what a device holds. */
export interface Budget {
  readonly points: number;
  readonly bytes: number;
}

/** One shard to load, in the encoding that this device prefers. */
export interface WantedShard {
  /** Generation, index and content: a project that was started again never meets its old shards. */
  readonly key: string;
  readonly generation: number;
  readonly entry: ShardEntry;
  readonly encoded: EncodedShard;
}

export const DESKTOP_BUDGET: Budget = { points: 2_000_000, bytes: 96 * 1024 * 1024 };
export const PHONE_BUDGET: Budget = { points: 500_000, bytes: 24 * 1024 * 1024 };

/** What somebody may ask for beyond the budget of the device: twice as much, once. */
export function widened({ bytes, points }: Budget): Budget {
  return { points: 2 * points, bytes: 2 * bytes };
}

/**
 * Coarse levels first. Levels are additive, so cutting this list at its end leaves a complete cloud of lower quality.
 *
 * The first shard is always wanted, so that something is shown.
 */
export function wantedShards(
  manifest: Manifest,
  budget: Budget,
  preferred: Encoding = "packed",
): readonly WantedShard[] {
  const wanted: WantedShard[] = [];
  let points = 0;
  let bytes = 0;
  for (const entry of [...manifest.shards].sort((one, other) => one.level - other.level || one.index - other.index)) {
    const encoded = entry.encodings.find(({ encoding }) => encoding === preferred) ?? entry.encodings[0];
    if (!encoded) continue;
    points += entry.point_count;
    bytes += encoded.size_bytes;
    if (wanted.length > 0 && (points > budget.points || bytes > budget.bytes)) break;
    const key = `${manifest.generation}/${entry.index}/${encoded.sha256.slice(0, 16)}`;
    wanted.push({ key, generation: manifest.generation, entry, encoded });
  }
  return wanted;
}
