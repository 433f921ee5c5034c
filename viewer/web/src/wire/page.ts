/** Which bytes are a page of the manifest? Those whose SHA-256 begins with the digest in the topic. */
import type { CameraPage, ManifestPage } from "./contract";
import { PAGE_DIGEST_LENGTH } from "./contract";
import { sha256 } from "./digest";
import { WireError } from "./errors";
import { decodeMessage } from "./messages";

export type PageChannel = "manifest_page" | "camera_page";

/** Verify and decode a page. Throws `bad_page` for other bytes, and what `decodeMessage` throws. */
export async function decodePage(
  channel: PageChannel,
  payload: Uint8Array<ArrayBuffer>,
  digest: string,
): Promise<ManifestPage | CameraPage> {
  if ((await sha256(payload)).slice(0, PAGE_DIGEST_LENGTH) !== digest)
    throw new WireError("bad_page", "the sha256 of a page's bytes is not the manifest's");
  const page = decodeMessage(channel, payload);
  if (page?.type !== channel) throw new WireError("bad_page", `a page of another type than ${channel}`);
  return page;
}
