/** How is EXIF kept? As TIFF directories (TIFF 6.0, section 2), which are read whole and written again. */

export interface Entry {
  readonly type: number;
  readonly count: number;
  /** The value in the byte order of its structure, or the directory to which the entry points. */
  readonly value: Uint8Array | Directory;
}

/** Entries by tag. */
export type Directory = ReadonlyMap<number, Entry>;

export interface Tiff {
  readonly isLittleEndian: boolean;
  readonly main: Directory;
}

export const SHORT = 3;
export const LONG = 4;
export const RATIONAL = 5;
/** Bytes of one value by type, from BYTE to DOUBLE. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8] as const;
const ENTRY_BYTES = 12;
const HEADER_BYTES = 8;
const MAGIC = 42;

/**
 * Read the first directory and those to which entries with these tags point; null when this is no TIFF structure.
 *
 * An entry that points beyond the end is left out, and so is a further directory such as that of a thumbnail.
 */
export function readTiff(tiff: Uint8Array, pointers: ReadonlySet<number>): Tiff | null {
  if (tiff.length < HEADER_BYTES) return null;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = view.getUint16(0);
  const isLittleEndian = order === 0x4949;
  if ((!isLittleEndian && order !== 0x4d4d) || view.getUint16(2, isLittleEndian) !== MAGIC) return null;
  return { isLittleEndian, main: readDirectory(view, view.getUint32(4, isLittleEndian), isLittleEndian, pointers) };
}

function readDirectory(view: DataView, at: number, isLittle: boolean, pointers: ReadonlySet<number>): Directory {
  const found = new Map<number, Entry>();
  if (at + 2 > view.byteLength) return found;
  const end = Math.min(view.byteLength, at + 2 + ENTRY_BYTES * view.getUint16(at, isLittle));
  for (let next = at + 2; next + ENTRY_BYTES <= end; next += ENTRY_BYTES) {
    const tag = view.getUint16(next, isLittle);
    const entry = pointers.has(tag) ? readPointer(view, next, isLittle) : readValue(view, next, isLittle);
    if (entry) found.set(tag, entry);
  }
  return found;
}

function readPointer(view: DataView, at: number, isLittle: boolean): Entry {
  const value = readDirectory(view, view.getUint32(at + 8, isLittle), isLittle, new Set());
  return { type: LONG, count: 1, value };
}

function readValue(view: DataView, at: number, isLittle: boolean): Entry | null {
  const type = view.getUint16(at + 2, isLittle);
  const count = view.getUint32(at + 4, isLittle);
  const size = (TYPE_BYTES[type] ?? 0) * count;
  const begin = size <= 4 ? at + 8 : view.getUint32(at + 8, isLittle);
  if (size === 0 || begin + size > view.byteLength) return null;
  return { type, count, value: new Uint8Array(view.buffer, view.byteOffset + begin, size) };
}

/** Write a structure in its byte order: a directory, and behind it the values that do not fit its entries. */
export function writeTiff({ isLittleEndian, main }: Tiff): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(HEADER_BYTES));
  head.setUint16(0, isLittleEndian ? 0x4949 : 0x4d4d);
  head.setUint16(2, MAGIC, isLittleEndian);
  head.setUint32(4, HEADER_BYTES, isLittleEndian);
  return joined([new Uint8Array(head.buffer), writeDirectory(main, HEADER_BYTES, isLittleEndian)]);
}

function writeDirectory(directory: Directory, offset: number, isLittle: boolean): Uint8Array {
  const entries = [...directory].sort(([one], [other]) => one - other);
  const head = new Uint8Array(2 + ENTRY_BYTES * entries.length + 4); // the last four: no further directory
  const view = new DataView(head.buffer);
  view.setUint16(0, entries.length, isLittle);
  const behind: Uint8Array[] = [];
  let end = offset + head.length;
  for (const [place, [tag, { count, type, value }]] of entries.entries()) {
    const at = 2 + ENTRY_BYTES * place;
    view.setUint16(at, tag, isLittle);
    view.setUint16(at + 2, type, isLittle);
    view.setUint32(at + 4, count, isLittle);
    const bytes = value instanceof Uint8Array ? value : writeDirectory(value, end, isLittle);
    if (bytes.length <= 4) {
      head.set(bytes, at + 8);
      continue;
    }
    view.setUint32(at + 8, end, isLittle);
    behind.push(bytes, new Uint8Array(bytes.length % 2)); // each begins at an even offset
    end += bytes.length + (bytes.length % 2);
  }
  return joined([head, ...behind]);
}

/** One array with the bytes of all. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
