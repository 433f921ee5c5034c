/** Are these the bytes that were promised? SHA-256 by the browser, or by noble where the browser keeps its own back. */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/**
 * 64 hexadecimal digits.
 *
 * A page that a laptop on site serves over plain http is no secure context, so `crypto.subtle` is missing there;
 * noble's SHA-256 takes its place rather than the check being left out.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  return bytesToHex(subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : nobleSha256(bytes));
}
