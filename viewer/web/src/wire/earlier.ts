/** How are earlier generations read? Their rows from a retained message, their shards from the page server. */
import type { EarlierShard, GenerationHistory } from "./contract";
import { CHANNELS } from "./contract";
import type { Credentials } from "./credentials";
import { authorization } from "./credentials";
import { WireError } from "./errors";
import { checkMessage, parseJson } from "./messages";
import { within } from "./patience";
import type { PointCloud } from "./clouds/cloud";
import { decodeShard } from "./clouds/shard";

/** Where the page server is, and who asks it. */
export interface PageAccess {
  readonly base: string;
  readonly credentials: Credentials;
}

/** The reconstructor may read it from a slow disk, behind photographs of others. */
const PATIENCE_MS = 60_000;

export function readGenerations(payload: Uint8Array): GenerationHistory {
  const { maxBytes } = CHANNELS.generations;
  if (payload.length > maxBytes) throw new WireError("bad_message", `more than ${maxBytes} bytes of generations`);
  const message = checkMessage(parseJson(payload));
  if (message.type !== "generation_history")
    throw new WireError("bad_message", `${message.type} does not belong on this channel`);
  return message;
}

/**
 * Get one shard of an earlier generation, verified and decoded; null: it is not kept any more.
 *
 * Throws a `WireError`, also once `ended` is aborted.
 */
export async function fetchEarlier(
  { base, credentials }: PageAccess,
  generation: number,
  { point_count: pointCount, sha256, size_bytes: sizeBytes }: EarlierShard,
  ended: AbortSignal,
): Promise<PointCloud | null> {
  const path = `projects/${credentials.project}/shard/${sha256}?generation=${generation}&missing=204`;
  const payload = await within(PATIENCE_MS, ended, async (signal) => {
    // without "omit" the browser would open its own password window
    const asking = { credentials: "omit", headers: authorization(credentials), signal } as const;
    const response = await fetch(new URL(path, base), asking);
    if (response.status === 204) return null;
    if (!response.ok) throw new WireError("unreachable", `The page server answers ${response.status}.`);
    return new Uint8Array(await response.arrayBuffer());
  }).catch((thrown: unknown) => {
    throw thrown instanceof WireError ? thrown : new WireError("unreachable", "The page server does not answer.");
  });
  return payload && (await decodeShard(payload, { encoding: "packed", size_bytes: sizeBytes, sha256 }, pointCount));
}
