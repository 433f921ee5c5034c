/** What does a PNG file say of its photograph? Its size stands in the chunk IHDR, its EXIF in eXIf (PNG 3, 11.3). */
import type { Stored } from "./stored";

const SIGNATURE_BYTES = 8;
const FRAME_BYTES = 12; // length, name and checksum of a chunk
const MOST_BEFORE_PIXELS = 64;

/** Read what a preview needs of a PNG file; null when it has no size. */
export function readPng(png: Uint8Array<ArrayBuffer>): Stored | null {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  if (png.length < SIGNATURE_BYTES + FRAME_BYTES + 13) return null;
  const size = { widthPx: view.getUint32(16), heightPx: view.getUint32(20) };
  for (let at = SIGNATURE_BYTES, left = MOST_BEFORE_PIXELS; left > 0 && at + FRAME_BYTES <= png.length; left -= 1) {
    const name = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const end = at + FRAME_BYTES + view.getUint32(at);
    if (name === "eXIf" && end <= png.length) {
      const exif = png.subarray(at + 8, end - 4);
      return { ...size, exif, withoutExif: [png.subarray(0, at), png.subarray(end)] };
    }
    at = end;
  }
  return { ...size, exif: null, withoutExif: [png] };
}
