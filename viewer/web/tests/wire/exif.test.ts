import { describe, expect, it } from "vitest";

import { exifOfPreview } from "../../src/wire/photographs/exif";
import { jpegWithExif } from "../../src/wire/photographs/jpeg";
import type { PreviewType } from "../../src/wire/photographs/preview";
import { previewSize, readStored, withExifOf } from "../../src/wire/photographs/preview";
import { joined } from "../../src/wire/photographs/tiff";
import { webpWithExif } from "../../src/wire/photographs/webp";
import { goldenJson } from "../golden";

interface Golden {
  readonly previews_without_exif: Readonly<Record<PreviewType, string>>;
  readonly cases: readonly {
    readonly original_type: string;
    readonly original: string;
    readonly tiff: string;
    readonly previews: Readonly<Record<PreviewType, string>>;
  }[];
}

const GOLDEN = goldenJson("exif.json") as Golden;
const TYPES: readonly PreviewType[] = ["image/jpeg", "image/webp"];
const CASES = GOLDEN.cases.flatMap((each, place) => TYPES.map((type) => ({ ...each, place, type })));
const SIZE = { widthPx: 48, heightPx: 32 };

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

function base64Of(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString("base64");
}

describe("EXIF of a preview", () => {
  it.each(CASES)("is Pillow's byte for byte: $original_type as $type, case $place", (given) => {
    const stored = readStored(bytesOf(given.original), given.original_type);
    expect(stored).toMatchObject(SIZE);
    const preview = { bytes: bytesOf(GOLDEN.previews_without_exif[given.type]), contentType: given.type };
    const made = stored && withExifOf(stored, preview);
    expect(base64Of(exifOfPreview(stored?.exif ?? null, SIZE))).toBe(given.tiff);
    expect(base64Of(made?.bytes)).toBe(given.previews[given.type]);
  });

  it.each(CASES)("is read again from what was written: $original_type as $type, case $place", (given) => {
    const again = readStored(bytesOf(given.previews[given.type]), given.type);
    expect(base64Of(again?.exif)).toBe(given.tiff);
    const without = joined(again?.withoutExif ?? []);
    expect(readStored(without, given.type)?.exif).toBeNull();
    if (given.type === "image/jpeg") expect(base64Of(without)).toBe(GOLDEN.previews_without_exif["image/jpeg"]);
  });

  it("scales the focal plane's resolution when a program reduced the file and kept the EXIF", () => {
    const [given] = CASES;
    const original = readStored(bytesOf(given?.original ?? ""), "image/jpeg");
    const withPlane = addedToDetails(original?.exif ?? new Uint8Array(), 0xa20e, [5000, 2]);
    const reduced = exifOfPreview(withPlane, { widthPx: 24, heightPx: 16 });
    expect(rationalAt(reduced, 0xa20e)).toBe(1250);
    expect(rationalAt(exifOfPreview(withPlane, SIZE), 0xa20e)).toBe(2500);
  });

  it("survives every cut of a damaged structure, and always tells the size", () => {
    const whole = readStored(bytesOf(CASES[0]?.original ?? ""), "image/jpeg")?.exif ?? new Uint8Array();
    for (let length = 0; length < 600; length += 1) {
      const tiff = exifOfPreview(whole.slice(0, length), SIZE);
      expect(base64Of(exifOfPreview(tiff, SIZE))).toBe(base64Of(tiff));
      expect(tiff.length).toBeGreaterThan(40);
    }
  });

  it("does not fit a segment of JPEG beyond 64 KB, nor a file without a size", () => {
    const jpeg = bytesOf(GOLDEN.previews_without_exif["image/jpeg"]);
    expect(jpegWithExif(jpeg, new Uint8Array(65_527))?.length).toBe(jpeg.length + 65_537);
    expect(jpegWithExif(jpeg, new Uint8Array(65_528))).toBeNull();
    expect(webpWithExif(new Uint8Array(40), new Uint8Array(8))).toBeNull();
  });
});

describe("a photograph", () => {
  it.each(["image/jpeg", "image/webp", "image/png"])(
    "of %s that is cut anywhere has a size or none, and no error",
    (type) => {
      const whole = bytesOf(CASES.find((each) => each.original_type === type)?.original ?? "");
      for (let length = 0; length < Math.min(whole.length, 700); length += 1) {
        const stored = readStored(whole.slice(0, length), type);
        if (stored && type !== "image/jpeg") expect(stored).toMatchObject(SIZE);
      }
      expect(readStored(whole, type)).toMatchObject(SIZE);
    },
  );

  it("that no browser decodes has no preview", () => {
    expect(readStored(new Uint8Array([0x49, 0x49, 42, 0]), "image/tiff")).toBeNull();
  });

  it("gets a preview only when it is larger, with its sides in proportion", () => {
    expect(previewSize({ widthPx: 1224, heightPx: 918 }, 1224)).toBeNull();
    expect(previewSize({ widthPx: 4000, heightPx: 3000 }, 1224)).toEqual({ widthPx: 1224, heightPx: 918 });
    expect(previewSize({ widthPx: 3, heightPx: 4000 }, 1224)).toEqual({ widthPx: 1, heightPx: 1224 });
  });
});

/** The same structure with one more rational number in its Exif directory, which now stands at the end. */
function addedToDetails(
  tiff: Uint8Array,
  tag: number,
  [numerator, denominator]: readonly [number, number],
): Uint8Array {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const pointer = pointerOfDetails(view);
  const begin = view.getUint32(pointer, true);
  const count = view.getUint16(begin, true);
  const entries = tiff.subarray(begin + 2, begin + 2 + 12 * count);
  const moved = new DataView(new ArrayBuffer(2 + 12 * (count + 1) + 4 + 8));
  moved.setUint16(0, count + 1, true);
  new Uint8Array(moved.buffer).set(entries, 2);
  const at = 2 + 12 * count;
  moved.setUint16(at, tag, true);
  moved.setUint16(at + 2, 5, true);
  moved.setUint32(at + 4, 1, true);
  moved.setUint32(at + 8, tiff.length + at + 16, true);
  moved.setUint32(at + 16, numerator, true);
  moved.setUint32(at + 20, denominator, true);
  const whole = joined([tiff, new Uint8Array(moved.buffer)]);
  new DataView(whole.buffer).setUint32(pointer, tiff.length, true);
  return whole;
}

function pointerOfDetails(view: DataView): number {
  for (let at = 10; ; at += 12) if (view.getUint16(at, true) === 0x8769) return at + 8;
}

function rationalAt(tiff: Uint8Array, tag: number): number | null {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const begin = view.getUint32(pointerOfDetails(view), true);
  for (let place = 0; place < view.getUint16(begin, true); place += 1) {
    const at = begin + 2 + 12 * place;
    if (view.getUint16(at, true) !== tag) continue;
    const value = view.getUint32(at + 8, true);
    return view.getUint32(value, true) / view.getUint32(value + 4, true);
  }
  return null;
}
