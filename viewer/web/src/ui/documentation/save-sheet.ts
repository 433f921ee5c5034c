/** How is a drawing at scale saved? As a PNG with its caption, or as a page of a PDF, whose library is loaded then. */
import type { Pixels } from "../../render/documentation/drawing";
import { offer } from "../saving/saving";
import type { CaptionOf } from "./caption";
import { captionOf } from "./caption";
import { blobOf, captioned, pngOf, sheetCanvas } from "./sheet-png";

const JPEG_QUALITY = 0.95;

export async function saveSheet(kind: "png" | "pdf", pixels: Pixels, of: CaptionOf): Promise<void> {
  const { direction, manifest, sheet } = of;
  const name = `${manifest.project}-${direction}-1-${sheet.scale}`;
  const canvas = sheetCanvas(pixels);
  const caption = captionOf(of);
  if (kind === "png") {
    offer(await pngOf(captioned(canvas, caption, sheet)), `${name}.png`);
    return;
  }
  const jpeg = new Uint8Array(await (await blobOf(canvas, "image/jpeg", JPEG_QUALITY)).arrayBuffer());
  const { pdfOf } = await import("./sheet-pdf");
  offer(await pdfOf(jpeg, sheet, caption), `${name}.pdf`);
}
