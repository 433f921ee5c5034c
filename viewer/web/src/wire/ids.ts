/** How is a thing named? The patterns of broker/ids.py that the page needs. */
import { WireError } from "./errors";

const LEVEL = "[a-z0-9][a-z0-9-]{0,62}";
const DIGEST_LENGTH = 16;

/** Patterns of the levels that stand in braces in a topic template. */
export const LEVEL_PATTERNS: Readonly<Record<string, RegExp>> = {
  project: anchored(LEVEL),
  sender: anchored(LEVEL),
  agent: anchored("rig-[a-z0-9][a-z0-9-]{0,58}"),
  user: anchored(LEVEL),
  connection: anchored(LEVEL),
  image_id: anchored(`[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{${DIGEST_LENGTH}}`),
  image_name: anchored(`(?!(?:missing|flow)$)${LEVEL}`),
  request_id: anchored(LEVEL),
  generation: anchored("[1-9][0-9]{0,8}"),
  encoding: anchored("ply|packed"),
  index: anchored("0|[1-9][0-9]{0,6}"),
  offset: anchored("0|[1-9][0-9]{0,9}"),
  verb: anchored("resync|ping|refetch|pause|resume"),
  event_type: anchored("processing_started|refetch_starting|progress|shard_update|processing_complete|error"),
};

function anchored(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

/** Whether a text may stand at the named level of a topic. */
export function isLevel(name: string, text: string): boolean {
  return LEVEL_PATTERNS[name]?.test(text) ?? false;
}

/** `{session}-{sequence:06d}-{sha256[:16]}`: sortable, gaps are visible, content-addressed. */
export function imageId(session: string, sequence: number, sha256: string): string {
  const id = `${session}-${String(sequence).padStart(6, "0")}-${sha256.slice(0, DIGEST_LENGTH)}`;
  if (!isLevel("image_id", id)) throw new WireError("bad_id", `${id.slice(0, 80)} is not an image id`);
  return id;
}

/** A name of 20 letters and digits that nobody else has. */
export function freshName(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => letters.charAt(byte % 32)).join("");
}
