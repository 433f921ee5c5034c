/** What must a preview know of its original? The size as stored, the EXIF, and the file without it. */
import type { SizePx } from "./exif";

/** A photograph as its file stores it. The size is that of its pixels before the orientation is applied. */
export interface Stored extends SizePx {
  /** The TIFF structure; null without EXIF. */
  readonly exif: Uint8Array | null;
  /** The parts of the same file without EXIF. A browser that decodes them cannot turn the pixels. */
  readonly withoutExif: readonly Uint8Array<ArrayBuffer>[];
}
