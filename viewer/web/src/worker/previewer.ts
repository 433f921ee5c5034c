/** How does the worker make a preview? The browser decodes, reduces and encodes; the original's EXIF is put back. */
import { CHANNELS } from "../wire/contract";
import type { Preview, PreviewType } from "../wire/photographs/preview";
import { previewSize, readStored, withExifOf } from "../wire/photographs/preview";
import type { Stored } from "../wire/photographs/stored";
import type { SizePx } from "../wire/photographs/exif";
import type { PreviewAnswer, PreviewTask } from "./tasks";

interface WorkerScope {
  postMessage(answer: PreviewAnswer, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<PreviewTask>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
/** The formats in the order in which they are tried: a browser that cannot write WebP writes PNG instead. */
const ENCODINGS: readonly (readonly [contentType: PreviewType, quality: number])[] = [
  ["image/webp", 0.8],
  ["image/webp", 0.6],
  ["image/webp", 0.4],
  ["image/jpeg", 0.85],
  ["image/jpeg", 0.7],
  ["image/jpeg", 0.5],
];

scope.addEventListener("message", ({ data }) => {
  void answer(data);
});

async function answer({ bytes, contentType, id, maxSidePx }: PreviewTask): Promise<void> {
  const preview = await previewOf(bytes, contentType, maxSidePx).catch(() => null);
  scope.postMessage({ id, preview }, preview ? [preview.bytes.buffer] : []);
}

async function previewOf(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  maxSidePx: number,
): Promise<Preview | null> {
  const stored = readStored(bytes, contentType);
  const size = stored && previewSize(stored, maxSidePx);
  if (!size) return null;
  const canvas = await drawn(stored, contentType, size);
  return canvas && (await encoded(canvas, stored, contentType));
}

/**
 * Draw the reduced photograph; null without a canvas.
 *
 * Browsers turn the pixels by their orientation, Chromium even with `imageOrientation: "none"` (version 156), so the
 * EXIF is not shown to them.
 */
async function drawn(stored: Stored, contentType: string, size: SizePx): Promise<OffscreenCanvas | null> {
  const file = new Blob([...stored.withoutExif], { type: contentType });
  const { heightPx: resizeHeight, widthPx: resizeWidth } = size;
  const bitmap = await createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
  const canvas = new OffscreenCanvas(resizeWidth, resizeHeight);
  const context = canvas.getContext("2d");
  if (context) context.imageSmoothingQuality = "high"; // of a browser that does not resize while it decodes
  context?.drawImage(bitmap, 0, 0, resizeWidth, resizeHeight);
  bitmap.close();
  return context && canvas;
}

/** Encode, smaller each time until it fits a message; null when nothing fits. */
async function encoded(canvas: OffscreenCanvas, stored: Stored, originalType: string): Promise<Preview | null> {
  for (const [type, quality] of ENCODINGS) {
    if (type === "image/jpeg" && originalType !== type) return null; // it would show what the original hides
    const blob = await canvas.convertToBlob({ type, quality });
    if (blob.type !== type) continue;
    const preview = withExifOf(stored, { bytes: new Uint8Array(await blob.arrayBuffer()), contentType: type });
    if (preview && preview.bytes.length <= CHANNELS.preview.maxBytes) return preview;
  }
  return null;
}
