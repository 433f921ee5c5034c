/** Which names are valid? Those that match the generated patterns of topic levels. */
import { DIGEST_LENGTH, LEVEL_PATTERNS, MAX_NAME_BYTES } from "./contract";
import { WireError } from "./errors";
import { byteLength } from "./text";

const LEVELS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries(LEVEL_PATTERNS).map(([name, pattern]) => [name, new RegExp(`^(?:${pattern})$`, "u")]),
);

/** Whether a text may stand at the named level of a topic. */
export function isLevel(name: string, text: string): boolean {
  return (LEVELS.get(name)?.test(text) ?? false) && byteLength(text) <= MAX_NAME_BYTES;
}

/** Whether an address names this machine itself. */
export function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/u.test(new URL(url).hostname);
}

/** Build the image id `{session}-{sequence:06d}-{sha256[:16]}`: sortable, with visible gaps, named by its content. */
export function imageId(session: string, sequence: number, sha256: string): string {
  const id = `${session}-${String(sequence).padStart(6, "0")}-${sha256.slice(0, DIGEST_LENGTH)}`;
  if (!isLevel("image_id", id)) throw new WireError("bad_id", `${id.slice(0, 80)} is not an image id`);
  return id;
}

/** Create a random name of 20 letters and digits. Its 100 random bits make a collision practically impossible. */
export function freshName(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => letters.charAt(byte % 32)).join("");
}
