/** What becomes of a photograph in its preview? It gets smaller, keeps its orientation and carries its EXIF. */
import type { SizePx } from "./exif";
import { exifOfPreview } from "./exif";
import { jpegWithExif, readJpeg } from "./jpeg";
import { readPng } from "./png";
import type { Stored } from "./stored";
import { readWebp, webpWithExif } from "./webp";

export type PreviewType = "image/webp" | "image/jpeg";

export interface Preview {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: PreviewType;
}

/** Read the original; null for a format that browsers do not decode, and for a file without a size. */
export function readStored(bytes: Uint8Array<ArrayBuffer>, contentType: string): Stored | null {
  switch (contentType) {
    case "image/jpeg":
      return readJpeg(bytes);
    case "image/webp":
      return readWebp(bytes);
    case "image/png":
      return readPng(bytes);
    default:
      return null;
  }
}

/** The size of a preview; null when the photograph is no larger than that. */
export function previewSize({ heightPx, widthPx }: SizePx, maxSidePx: number): SizePx | null {
  const longerPx = Math.max(widthPx, heightPx);
  if (longerPx <= maxSidePx) return null;
  const reduced = (sidePx: number): number => Math.max(1, Math.round((sidePx * maxSidePx) / longerPx));
  return { widthPx: reduced(widthPx), heightPx: reduced(heightPx) };
}

/** Put the original's EXIF into its encoded preview; null when it has no room for it. */
export function withExifOf(stored: Stored, { bytes, contentType }: Preview): Preview | null {
  const tiff = exifOfPreview(stored.exif, stored);
  const whole = contentType === "image/webp" ? webpWithExif(bytes, tiff) : jpegWithExif(bytes, tiff);
  return whole && { bytes: whole, contentType };
}
