/** Which bytes are a shard? Those whose length, SHA-256 and point count match the manifest. */
import type { PointCloud } from "./cloud";
import type { EncodedShard } from "../contract";
import { MAX_SHARD_BYTES } from "../contract";
import { sha256 } from "../digest";
import { WireError } from "../errors";
import { decodePacked } from "./packed";
import { decodePly } from "./ply";

/** Verify and decode a shard. Throws `bad_shard` when length, digest, layout or point count is wrong. */
export async function decodeShard(
  payload: Uint8Array<ArrayBuffer>,
  promised: EncodedShard,
  pointCount: number,
): Promise<PointCloud> {
  if (payload.length > MAX_SHARD_BYTES || payload.length !== promised.size_bytes)
    throw new WireError("bad_shard", `${payload.length} bytes arrived, but the manifest says ${promised.size_bytes}`);
  if ((await sha256(payload)) !== promised.sha256)
    throw new WireError("bad_shard", "the sha256 of the bytes is not the manifest's");
  const cloud = promised.encoding === "ply" ? decodePly(payload) : await decodePacked(payload);
  if (cloud.count !== pointCount)
    throw new WireError("bad_shard", `${cloud.count} points arrived, but the manifest says ${pointCount}`);
  return cloud;
}
