/** Can a shard come over HTTP? From the page server, under its digest; the browser keeps it for the next visit. */
import { authorization } from "./credentials";
import type { Credentials } from "./credentials";
import { within } from "./patience";

/**
 * Get a shard's bytes by its digest; null where there is no page server, or it does not have it. They are not checked.
 * Rejects once `ended` is aborted.
 */
export type GetShard = (sha256: string, ended: AbortSignal) => Promise<Uint8Array<ArrayBuffer> | null>;

/** For one of 16 shards that share a slow link. */
const PATIENCE_MS = 60_000;

export function shardGetter(base: string, credentials: Credentials): GetShard {
  const headers = authorization(credentials);
  return async (sha256, ended) => {
    const address = new URL(`projects/${credentials.project}/shard/${sha256}?missing=204`, base);
    return await within(PATIENCE_MS, ended, async (signal) => {
      // without "omit" the browser would open its own password window
      const response = await fetch(address, { credentials: "omit", headers, signal });
      return response.status === 200 ? new Uint8Array(await response.arrayBuffer()) : null;
    });
  };
}
