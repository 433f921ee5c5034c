/** How is a file fetched from another address? As bytes, or as a `WireError` with a sentence. */
import { WireError } from "./errors";

/** Fetch a file. Throws `unreachable`. */
export async function fetchFile(address: URL): Promise<ArrayBuffer> {
  try {
    const response = await fetch(address);
    if (response.ok) return await response.arrayBuffer();
  } catch {
    // Below: a browser does not say whether the server is away or does not allow this page to read.
  }
  throw new WireError("unreachable", `${address.href} cannot be read from this page.`);
}
