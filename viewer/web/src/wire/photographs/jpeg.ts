/** What stands before the image data of a JPEG file? Marker segments (ITU T.81, annex B), EXIF in one of them. */
import type { SizePx } from "./exif";
import type { Stored } from "./stored";
import { joined } from "./tiff";

export interface Segment {
  readonly code: number;
  /** Where its marker begins, and where the next one may begin. */
  readonly begin: number;
  readonly end: number;
}

const MARKER = 0xff;
const APP0 = 0xe0;
const APP1 = 0xe1;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const MOST_SEGMENT_BYTES = 0xffff;
const EXIF = new TextEncoder().encode("Exif\0\0");
/** Whether a marker has no length: TEM, RST0–7, SOI. */
const isBare = (code: number): boolean => code === 0x01 || (code >= 0xd0 && code <= 0xd8);
/** Whether a marker is a frame header: SOF0–15 without DHT, JPG and DAC, which share their range. */
const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;

/** The segments up to the image data, without SOI. */
export function* segmentsOf(jpeg: Uint8Array): Generator<Segment> {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 4 <= jpeg.length;) {
    const code = jpeg[at + 1] ?? 0;
    if (jpeg[at] !== MARKER || code === START_OF_SCAN || code === END_OF_IMAGE) return;
    if (code === MARKER) at += 1;
    else if (isBare(code)) at += 2;
    else {
      const end = at + 2 + Math.max(2, view.getUint16(at + 2));
      yield { code, begin: at, end };
      at = end;
    }
  }
}

/** Read width and height from the frame header (ITU T.81, B.2.2); null without one. */
export function frameSize(jpeg: Uint8Array): SizePx | null {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (const { begin, code } of segmentsOf(jpeg))
    if (isFrame(code) && begin + 9 < jpeg.length)
      return { heightPx: view.getUint16(begin + 5), widthPx: view.getUint16(begin + 7) };
  return null;
}

/** Read what a preview needs of a JPEG file; null when it has no frame header. */
export function readJpeg(jpeg: Uint8Array<ArrayBuffer>): Stored | null {
  const size = frameSize(jpeg);
  if (!size) return null;
  const found = [...segmentsOf(jpeg)].filter((segment) => isExif(jpeg, segment));
  const [first] = found;
  const exif = first ? jpeg.subarray(first.begin + 4 + EXIF.length, first.end) : null;
  let at = 0;
  const parts = found.map(({ begin, end }) => {
    const part = jpeg.subarray(at, begin);
    at = end;
    return part;
  });
  return { ...size, exif, withoutExif: [...parts, jpeg.subarray(at)] };
}

/** Put EXIF into a JPEG file that has none, behind its JFIF header; null when the segment has no room for it. */
export function jpegWithExif(jpeg: Uint8Array, tiff: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const length = 2 + EXIF.length + tiff.length;
  if (length > MOST_SEGMENT_BYTES) return null;
  const [first] = segmentsOf(jpeg);
  const at = first?.code === APP0 && first.begin === 2 ? first.end : 2;
  const head = new Uint8Array([MARKER, APP1, length >> 8, length & 0xff]);
  return joined([jpeg.subarray(0, at), head, EXIF, tiff, jpeg.subarray(at)]);
}

function isExif(jpeg: Uint8Array, { begin, code, end }: Segment): boolean {
  return code === APP1 && end <= jpeg.length && EXIF.every((byte, at) => jpeg[begin + 4 + at] === byte);
}
