/** Is this a valid thumbnail? A check of the JPEG header against the contract's limits, before decoding. */
import { CHANNELS, MAX_THUMBNAIL_PX } from "./contract";
import { WireError } from "./errors";

const MARKER = 0xff;
/** Whether a marker has no length: TEM, RST0–7, SOI. */
const isBare = (code: number): boolean => code === 0x01 || (code >= 0xd0 && code <= 0xd8);
/** Whether a marker is a frame header: SOF0–15 without DHT, JPG and DAC, which share their range. */
const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;

/** Check a thumbnail without decoding it. Throws `bad_thumbnail`, also for a header with a huge size. */
export function checkThumbnail(payload: Uint8Array): void {
  const { maxBytes } = CHANNELS.image_thumbnail;
  if (payload.length > maxBytes) refuse(`${payload.length} bytes are above the limit of ${maxBytes}`);
  if (payload[0] !== MARKER || payload[1] !== 0xd8) refuse("it is no JPEG file");
  const { height, width } = frameSize(payload);
  if (width < 1 || height < 1 || width > MAX_THUMBNAIL_PX || height > MAX_THUMBNAIL_PX)
    refuse(`it has ${width} by ${height} pixels, not 1 to ${MAX_THUMBNAIL_PX}`);
}

/** Read width and height from the frame header (ITU T.81, B.2.2). */
function frameSize(payload: Uint8Array): { readonly width: number; readonly height: number } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 2; at + 9 < payload.length;) {
    if (payload[at] !== MARKER) break;
    const code = payload[at + 1] ?? 0;
    if (isFrame(code)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    if (code === MARKER) at += 1;
    else at += isBare(code) ? 2 : 2 + Math.max(2, view.getUint16(at + 2));
  }
  return refuse("it has no frame header");
}

function refuse(reason: string): never {
  throw new WireError("bad_thumbnail", `A photo's thumbnail cannot be used: ${reason}.`);
}
