/** How does a drawing at scale become a PNG? White paper, a caption with a scale bar, and its resolution in the file. */
import type { Pixels } from "../../render/documentation/drawing";
import type { Sheet } from "../../scene/documentation/sheet";
import { CAPTION_PX, CAPTION_WIDTH_PX, SHEET_DPI } from "../../scene/documentation/sheet";
import { length } from "../format";
import type { Caption } from "./caption";
import { v } from "./words";

const MARGIN_PX = 40;
const LINE_PX = 34;
const BAR_PX = 14;
const SIGNATURE_AND_HEADER_BYTES = 33; // the signature, and the IHDR chunk of 25 bytes
const PIXELS_PER_METRE = Math.round(SHEET_DPI / 0.0254);

/** Draw the pixels on white, as they are, in the upper left corner of a single canvas, because each takes much memory. */
export function sheetCanvas({ height, rgba, width }: Pixels, [most, down] = [width, height]): HTMLCanvasElement {
  const canvas = canvasOf(most, down);
  const context = contextOf(canvas);
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, most, down);
  context.globalCompositeOperation = "source-over";
  return canvas;
}

/** Draw the pixels with a caption below, whose upper left corner stays that of the image. */
export function captioned(pixels: Pixels, { barFields, barM, lines, title }: Caption, sheet: Sheet): HTMLCanvasElement {
  const canvas = sheetCanvas(pixels, [Math.max(pixels.width, CAPTION_WIDTH_PX), pixels.height + CAPTION_PX]);
  const context = contextOf(canvas);
  context.fillStyle = "#111";
  const most = canvas.width - 2 * MARGIN_PX;
  let y = pixels.height + MARGIN_PX + LINE_PX;
  context.font = "600 30px Georgia, serif";
  context.fillText(title, MARGIN_PX, y, most);
  context.font = "22px system-ui, sans-serif";
  for (const line of lines) context.fillText(line, MARGIN_PX, (y += LINE_PX), most);
  drawScaleBar(context, y + 1.4 * BAR_PX, barM / sheet.metresPerPx, barFields, length(barM, 1));
  return canvas;
}

function drawScaleBar(
  context: CanvasRenderingContext2D,
  top: number,
  widthPx: number,
  fields: number,
  words: string,
): void {
  context.strokeStyle = "#111";
  context.lineWidth = 2;
  for (let field = 0; field < fields; field += 1) {
    const left = MARGIN_PX + (field * widthPx) / fields;
    if (field % 2 === 0) context.fillRect(left, top, widthPx / fields, BAR_PX);
    else context.strokeRect(left, top + 1, widthPx / fields, BAR_PX - 2);
  }
  context.fillText("0", MARGIN_PX, top + BAR_PX + 26);
  context.fillText(words, MARGIN_PX + widthPx - context.measureText(words).width / 2, top + BAR_PX + 26);
}

/** The canvas as a PNG that prints at scale: with its pixels per metre, in a chunk "pHYs". */
export async function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  const bytes = new Uint8Array(await (await blobOf(canvas, "image/png")).arrayBuffer());
  const chunk = new Uint8Array(21);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, 9);
  chunk.set(new TextEncoder().encode("pHYs"), 4);
  view.setUint32(8, PIXELS_PER_METRE);
  view.setUint32(12, PIXELS_PER_METRE);
  chunk[16] = 1; // the unit is the metre
  view.setUint32(17, crc32(chunk.subarray(4, 17)));
  const [head, rest] = [bytes.slice(0, SIGNATURE_AND_HEADER_BYTES), bytes.slice(SIGNATURE_AND_HEADER_BYTES)];
  return new Blob([head, chunk, rest], { type: "image/png" });
}

export function blobOf(canvas: HTMLCanvasElement, type: string, quality?: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const written = (blob: Blob | null): void => {
      if (blob) resolve(blob);
      else reject(new Error(v("image.impossible")));
    };
    canvas.toBlob(written, type, quality);
  });
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return canvas;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error(v("image.impossible"));
  return context;
}

/** The checksum of PNG chunks (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}
