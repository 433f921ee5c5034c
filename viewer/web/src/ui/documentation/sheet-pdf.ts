/** How does a drawing at scale become a PDF page? The image at its true size on the smallest paper that holds it. */
import { PDFDocument, StandardFonts, rgb } from "pdf-lib";
import type { PDFFont, PDFPage } from "pdf-lib";

import type { Sheet } from "../../scene/documentation/sheet";
import { SHEET_DPI } from "../../scene/documentation/sheet";
import { length } from "../format";
import type { Caption } from "./caption";
import { blobOf } from "./sheet-png";

const POINTS_PER_MM = 72 / 25.4;
const POINTS_PER_PX = 72 / SHEET_DPI;
const MARGIN = 12 * POINTS_PER_MM;
const CAPTION = 30 * POINTS_PER_MM;
const BAR = 2 * POINTS_PER_MM;
/** A4 to A0, short and long side in millimetres. */
const PAPERS_MM = [
  [210, 297],
  [297, 420],
  [420, 594],
  [594, 841],
  [841, 1189],
] as const;
const TITLE = 13;
/** How finely a title is drawn that the fonts of PDF cannot write. */
const TITLE_PX_A_POINT = 4;
const INK = rgb(0.07, 0.07, 0.07);

/** Write one page. `jpeg`: the drawing, of the sheet's size in pixels. */
export async function pdfOf(jpeg: Uint8Array, sheet: Sheet, caption: Caption): Promise<Blob> {
  const [width, height] = [sheet.widthPx * POINTS_PER_PX, sheet.heightPx * POINTS_PER_PX];
  const pdf = await PDFDocument.create();
  pdf.setTitle(`${caption.title} 1:${sheet.scale}`);
  pdf.setCreator("cairn");
  const page = pdf.addPage(paperFor(width + 2 * MARGIN, height + 2 * MARGIN + CAPTION));
  const image = await pdf.embedJpg(jpeg);
  page.drawImage(image, { x: MARGIN, y: page.getHeight() - MARGIN - height, width, height });
  const [bold, regular] = [
    await pdf.embedFont(StandardFonts.HelveticaBold),
    await pdf.embedFont(StandardFonts.Helvetica),
  ];
  const room = page.getWidth() - 2 * MARGIN;
  let y = MARGIN + CAPTION - 16;
  if (Array.from(caption.title).every((letter) => isWritten(bold, letter)))
    write(page, caption.title, bold, TITLE, y, room);
  else await drawTitle(pdf, page, caption.title, y, room);
  for (const line of caption.lines) write(page, line, regular, 9, (y -= 14), room);
  drawScaleBar(page, caption, sheet, regular, y - 16);
  return new Blob([await pdf.save().then((bytes) => bytes.slice())], { type: "application/pdf" });
}

/** The smallest A paper, upright or on its side, or a page of exactly this size. */
function paperFor(width: number, height: number): [number, number] {
  for (const [short, long] of PAPERS_MM)
    for (const [across, down] of [
      [short, long],
      [long, short],
    ] as const)
      if (width <= across * POINTS_PER_MM && height <= down * POINTS_PER_MM)
        return [across * POINTS_PER_MM, down * POINTS_PER_MM];
  return [width, height];
}

/** Write a line, smaller where it would be wider than the page. The fonts of PDF know Latin letters only. */
function write(page: PDFPage, text: string, font: PDFFont, size: number, y: number, room: number): void {
  const latin = Array.from(text.replaceAll(/[\u2009\u202f]/g, "\u00a0"), (letter) =>
    isWritten(font, letter) ? letter : "?",
  );
  const line = latin.join("");
  const fitting = Math.min(size, (size * room) / font.widthOfTextAtSize(line, size));
  page.drawText(line, { x: MARGIN, y, size: fitting, font, color: INK });
}

/** Draw a title of other scripts with the fonts of this computer, as an image on the line. */
async function drawTitle(pdf: PDFDocument, page: PDFPage, title: string, y: number, room: number): Promise<void> {
  const canvas = document.createElement("canvas");
  const font = `600 ${TITLE * TITLE_PX_A_POINT}px system-ui, sans-serif`;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw an image of this size");
  context.font = font;
  const widthPx = Math.min(Math.ceil(context.measureText(title).width), Math.floor(room * TITLE_PX_A_POINT));
  [canvas.width, canvas.height] = [widthPx, 2 * TITLE * TITLE_PX_A_POINT];
  context.font = font; // a new size forgets it
  context.textBaseline = "alphabetic";
  context.fillText(title, 0, (3 * canvas.height) / 4, widthPx);
  const image = await pdf.embedPng(await (await blobOf(canvas, "image/png")).arrayBuffer());
  const height = canvas.height / TITLE_PX_A_POINT;
  page.drawImage(image, { x: MARGIN, y: y - height / 4, width: widthPx / TITLE_PX_A_POINT, height });
}

function isWritten(font: PDFFont, letter: string): boolean {
  return font.getCharacterSet().includes(letter.codePointAt(0) ?? 0);
}

function drawScaleBar(page: PDFPage, { barFields, barM }: Caption, sheet: Sheet, font: PDFFont, y: number): void {
  const width = (barM / sheet.metresPerPx) * POINTS_PER_PX;
  for (let field = 0; field < barFields; field += 1)
    page.drawRectangle({
      x: MARGIN + (field * width) / barFields,
      y,
      width: width / barFields,
      height: BAR,
      borderColor: INK,
      borderWidth: 0.6,
      ...(field % 2 === 0 ? { color: INK } : {}),
    });
  page.drawText("0", { x: MARGIN, y: y - 10, size: 8, font, color: INK });
  page.drawText(length(barM, 1).replaceAll(/[\u2009\u202f]/g, "\u00a0"), {
    x: MARGIN + width - 6,
    y: y - 10,
    size: 8,
    font,
    color: INK,
  });
}
