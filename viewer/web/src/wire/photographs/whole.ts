/** How does the page get a whole photograph? From the page server, which asks the reconstructor for it. */
import { authorization } from "../credentials";
import type { Credentials } from "../credentials";
import { WireError } from "../errors";

export const PHOTOGRAPH_SIDE_PX = 2048;
const MOST_BYTES = 1_000_000;
/** For the largest photograph over a slow link. */
const PATIENCE_MS = 60_000;

/** Fetch a JPEG of at most 2,048 pixels a side. Throws a `WireError` where there is no page server, or no photograph. */
export async function fetchPhotograph(
  base: string,
  credentials: Credentials,
  imageId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const address = new URL(`projects/${credentials.project}/photo/${imageId}?side=${PHOTOGRAPH_SIDE_PX}`, base);
  let response: Response;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    // without "omit" the browser would open its own password window
    response = await fetch(address, { credentials: "omit", headers: authorization(credentials), signal });
    bytes = response.ok ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array();
  } catch {
    throw new WireError("unreachable", "The page server does not answer.");
  }
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.length <= MOST_BYTES;
  if (!isJpeg) throw new WireError("no_photograph", `There is no photograph here (${response.status}).`);
  return bytes;
}
