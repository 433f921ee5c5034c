/** Which EXIF does a preview carry? What its original says of the photograph, and the original's size in pixels. */
import type { Directory, Entry } from "./tiff";
import { LONG, RATIONAL, SHORT, readTiff, writeTiff } from "./tiff";

const DETAILS = 0x8769;
const PLACE = 0x8825;
const WIDTH = 0xa002;
const HEIGHT = 0xa003;
const FOCAL_PLANE_RESOLUTIONS = [0xa20e, 0xa20f] as const;
/** Make, Model, Orientation, Software, DateTime, Artist, Copyright and the two directories. */
const DESCRIBING: ReadonlySet<number> = new Set([0x10f, 0x110, 0x112, 0x131, 0x132, 0x13b, 0x8298, DETAILS, PLACE]);
/** MakerNote and Interoperability hold offsets that are lost when they move; UserComment says nothing to an engine. */
const LEFT_OUT: ReadonlySet<number> = new Set([0x927c, 0xa005, 0x9286]);
const MOST_VALUE_BYTES = 1024;

export interface SizePx {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Write the EXIF of a preview; null stands for an original without EXIF. The size is that of the stored original. */
export function exifOfPreview(original: Uint8Array | null, { heightPx, widthPx }: SizePx): Uint8Array<ArrayBuffer> {
  const read = original && readTiff(original, new Set([DETAILS, PLACE]));
  const { isLittleEndian, main } = read ?? { isLittleEndian: false, main: new Map<number, Entry>() };
  const details = new Map(directoryAt(main, DETAILS));
  keepFocalLength(details, Math.max(widthPx, heightPx), isLittleEndian);
  details.set(WIDTH, wholeNumber(widthPx, isLittleEndian)).set(HEIGHT, wholeNumber(heightPx, isLittleEndian));
  const place = directoryAt(main, PLACE);
  const kept = new Map(chosen(main, (tag) => DESCRIBING.has(tag)));
  kept.set(DETAILS, { type: LONG, count: 1, value: details });
  if (place.size > 0) kept.set(PLACE, { type: LONG, count: 1, value: place });
  else kept.delete(PLACE);
  return writeTiff({ isLittleEndian, main: kept });
}

function directoryAt(main: Directory, tag: number): Directory {
  const value = main.get(tag)?.value;
  return value === undefined || value instanceof Uint8Array ? new Map() : chosen(value, (each) => !LEFT_OUT.has(each));
}

function chosen(directory: Directory, isKept: (tag: number) => boolean): Directory {
  return new Map([...directory].filter(([tag, { value }]) => isKept(tag) && sizeOf(value) <= MOST_VALUE_BYTES));
}

function sizeOf(value: Entry["value"]): number {
  return value instanceof Uint8Array ? value.length : 0;
}

/** Scale the focal plane's resolution when the sides in EXIF, to which it belongs, are not those of the file. */
function keepFocalLength(details: Map<number, Entry>, longerPx: number, isLittle: boolean): void {
  const takenPx = Math.max(numberAt(details, WIDTH, isLittle), numberAt(details, HEIGHT, isLittle));
  if (takenPx === 0 || takenPx === longerPx) return;
  for (const tag of FOCAL_PLANE_RESOLUTIONS) {
    const resolution = (numberAt(details, tag, isLittle) * longerPx) / takenPx;
    if (resolution > 0) details.set(tag, fraction(resolution, isLittle));
  }
}

/** A positive number of EXIF; 0 when there is none. */
function numberAt(directory: Directory, tag: number, isLittle: boolean): number {
  const entry = directory.get(tag);
  if (!(entry?.value instanceof Uint8Array)) return 0;
  const view = new DataView(entry.value.buffer, entry.value.byteOffset, entry.value.byteLength);
  if (entry.type === SHORT) return view.getUint16(0, isLittle);
  if (entry.type === LONG) return view.getUint32(0, isLittle);
  if (entry.type !== RATIONAL) return 0;
  const number = view.getUint32(0, isLittle) / view.getUint32(4, isLittle);
  return Number.isFinite(number) ? number : 0;
}

function wholeNumber(value: number, isLittle: boolean): Entry {
  const isShort = value < 0x10000;
  const view = new DataView(new ArrayBuffer(isShort ? 2 : 4));
  if (isShort) view.setUint16(0, value, isLittle);
  else view.setUint32(0, value, isLittle);
  return { type: isShort ? SHORT : LONG, count: 1, value: new Uint8Array(view.buffer) };
}

/** A number with as many decimal places, up to six, as 32 bits hold. */
function fraction(value: number, isLittle: boolean): Entry {
  let denominator = 1_000_000;
  while (denominator > 1 && value * denominator > 0xffff_ffff) denominator /= 10;
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.min(Math.round(value * denominator), 0xffff_ffff), isLittle);
  view.setUint32(4, denominator, isLittle);
  return { type: RATIONAL, count: 1, value: new Uint8Array(view.buffer) };
}
