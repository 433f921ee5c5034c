/** Are these the expected bytes? SHA-256 by WebCrypto, or by noble where WebCrypto is missing. */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/**
 * Compute SHA-256 as 64 hexadecimal digits.
 *
 * A page served over plain HTTP is no secure context, so `crypto.subtle` is missing there. Noble's SHA-256 replaces it.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  return bytesToHex(subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : nobleSha256(bytes));
}
