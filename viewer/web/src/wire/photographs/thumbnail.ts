/** Is this a valid thumbnail? A check of the JPEG header against the contract's limits, before decoding. */
import { CHANNELS, MAX_THUMBNAIL_PX } from "../contract";
import { WireError } from "../errors";
import { frameSize } from "./jpeg";

/** Check a thumbnail without decoding it. Throws `bad_thumbnail`, also for a header with a huge size. */
export function checkThumbnail(payload: Uint8Array): void {
  const { maxBytes } = CHANNELS.image_thumbnail;
  if (payload.length > maxBytes) refuse(`${payload.length} bytes are above the limit of ${maxBytes}`);
  if (payload[0] !== 0xff || payload[1] !== 0xd8) refuse("it is no JPEG file");
  const { heightPx, widthPx } = frameSize(payload) ?? refuse("it has no frame header");
  if (widthPx < 1 || heightPx < 1 || widthPx > MAX_THUMBNAIL_PX || heightPx > MAX_THUMBNAIL_PX)
    refuse(`it has ${widthPx} by ${heightPx} pixels, not 1 to ${MAX_THUMBNAIL_PX}`);
}

function refuse(reason: string): never {
  throw new WireError("bad_thumbnail", `A photo's thumbnail cannot be used: ${reason}.`);
}
