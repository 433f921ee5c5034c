/** How is a WebP file built? As RIFF chunks: an extended header says that one of them is EXIF (RFC 9649, 2.7). */
import type { SizePx } from "./exif";
import type { Stored } from "./stored";
import { joined } from "./tiff";

interface Chunk {
  readonly name: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

const RIFF_BYTES = 12;
const CHUNK_BYTES = 8;
const HEADER = "VP8X";
const LOSSY = "VP8 ";
const LOSSLESS = "VP8L";
const EXIF = "EXIF";
const HAS_EXIF = 0x08;
const HAS_ALPHA = 0x10;
const PREFIX = "Exif\0\0"; // some writers put JPEG's prefix before the TIFF structure

/** Read what a preview needs of a WebP file; null when it has no size. */
export function readWebp(webp: Uint8Array<ArrayBuffer>): Stored | null {
  const chunks = chunksOf(webp);
  const size = sizeOf(chunks);
  if (!size) return null;
  const found = chunks.find(({ name }) => name === EXIF)?.body ?? null;
  const others = chunks.filter(({ name }) => name !== EXIF).map((chunk) => withFlag(chunk, HAS_EXIF, false));
  const hasPrefix = found !== null && String.fromCharCode(...found.subarray(0, PREFIX.length)) === PREFIX;
  return { ...size, exif: hasPrefix ? found.subarray(PREFIX.length) : found, withoutExif: [assembled(others)] };
}

/** Put EXIF into a WebP file that has none; null when the file has no size. */
export function webpWithExif(
  webp: Uint8Array<ArrayBuffer>,
  tiff: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> | null {
  const chunks = chunksOf(webp);
  const size = sizeOf(chunks);
  if (!size) return null;
  const isExtended = chunks.some(({ name }) => name === HEADER);
  const extended = isExtended ? chunks : [headerOf(size, chunks), ...chunks];
  const exif = { name: EXIF, body: tiff };
  const at = extended.findIndex(({ name }) => name === "XMP ");
  const end = at < 0 ? extended.length : at;
  const before = extended.slice(0, end).map((chunk) => withFlag(chunk, HAS_EXIF, true));
  return assembled([...before, exif, ...extended.slice(end)]);
}

function chunksOf(webp: Uint8Array<ArrayBuffer>): readonly Chunk[] {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  const found: Chunk[] = [];
  for (let at = RIFF_BYTES; at + CHUNK_BYTES <= webp.length;) {
    const begin = at + CHUNK_BYTES;
    const end = begin + view.getUint32(at + 4, true);
    if (end > webp.length) break;
    found.push({ name: String.fromCharCode(...webp.subarray(at, at + 4)), body: webp.subarray(begin, end) });
    at = end + ((end - begin) & 1);
  }
  return found;
}

/** Width and height from the extended header (RFC 9649, 2.7), or from the image data (RFC 6386, 9.1; RFC 9649, 3.4). */
function sizeOf(chunks: readonly Chunk[]): SizePx | null {
  for (const { body, name } of chunks) {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    if (name === HEADER && body.length >= 10)
      return { widthPx: 1 + (view.getUint32(3, true) >> 8), heightPx: 1 + (view.getUint32(6, true) >> 8) };
    if (name === LOSSY && body.length >= 10)
      return { widthPx: view.getUint16(6, true) & 0x3fff, heightPx: view.getUint16(8, true) & 0x3fff };
    if (name === LOSSLESS && body.length >= 5) {
      const bits = view.getUint32(1, true);
      return { widthPx: 1 + (bits & 0x3fff), heightPx: 1 + ((bits >> 14) & 0x3fff) };
    }
  }
  return null;
}

function headerOf({ heightPx, widthPx }: SizePx, chunks: readonly Chunk[]): Chunk {
  const body = new Uint8Array(10);
  const lossless = chunks.find(({ name }) => name === LOSSLESS)?.body;
  const hasAlpha = chunks.some(({ name }) => name === "ALPH") || ((lossless?.[4] ?? 0) & 0x10) !== 0;
  body[0] = hasAlpha ? HAS_ALPHA : 0;
  const view = new DataView(body.buffer);
  for (const [at, side] of [
    [4, widthPx],
    [7, heightPx],
  ] as const) {
    // prettier-ignore
    view.setUint16(at, (side - 1) & 0xffff, true);
    view.setUint8(at + 2, (side - 1) >> 16);
  }
  return { name: HEADER, body };
}

function withFlag({ body, name }: Chunk, flag: number, isSet: boolean): Chunk {
  if (name !== HEADER) return { body, name };
  const changed = new Uint8Array(body);
  changed[0] = isSet ? (body[0] ?? 0) | flag : (body[0] ?? 0) & ~flag;
  return { name, body: changed };
}

function assembled(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  const parts = chunks.flatMap(({ body, name }) => [headed(name, body.length), body, new Uint8Array(body.length & 1)]);
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return joined([headed("RIFF", 4 + size), new TextEncoder().encode("WEBP"), ...parts]);
}

function headed(name: string, size: number): Uint8Array {
  const head = new Uint8Array(CHUNK_BYTES);
  head.set(new TextEncoder().encode(name));
  new DataView(head.buffer).setUint32(4, size, true);
  return head;
}
