/** Which bytes are a shard? Verified against the manifest first, decoded then. */
import type { PointCloud } from "./cloud";
import type { EncodedShard } from "./contract";
import { MAX_SHARD_BYTES } from "./contract";
import { sha256 } from "./digest";
import { WireError } from "./errors";
import { decodePacked } from "./packed";
import { decodePly } from "./ply";

/** Throws `bad_shard` when length, digest, layout or the number of points is not what the manifest says. */
export async function decodeShard(
  payload: Uint8Array<ArrayBuffer>,
  promised: EncodedShard,
  pointCount: number,
): Promise<PointCloud> {
  if (payload.length > MAX_SHARD_BYTES || payload.length !== promised.size_bytes)
    throw new WireError("bad_shard", `${payload.length} bytes came where the manifest says ${promised.size_bytes}`);
  if ((await sha256(payload)) !== promised.sha256)
    throw new WireError("bad_shard", "the bytes have another sha256 than the manifest says");
  const cloud = promised.encoding === "ply" ? decodePly(payload) : await decodePacked(payload);
  if (cloud.count !== pointCount)
    throw new WireError("bad_shard", `${cloud.count} points came where the manifest says ${pointCount}`);
  return cloud;
}
