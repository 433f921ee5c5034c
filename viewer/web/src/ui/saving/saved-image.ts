/** How is an image of the object saved? As a PNG of the part that no panel covers, with measures, notes, caption and scale bar. */
import type { ProjectState } from "../../scene/state";
import { unitRuler } from "../annotations/units";
import { length } from "../format";
import { paintOverlay } from "./overlay-painter";
import { offer } from "./saving";
import type { StageElement } from "../stage/stage-element";
import { countsOf, titleOf } from "../summary";

/** The longest scale bar as a share of the image's width. */
const MOST_OF_WIDTH = 0.25;
const MINUTE_MS = 60_000;
/** So many times the pixels of the screen, in each direction, where the device can draw them. */
const ENLARGEMENT = 2;

/** Save what the stage shows now, in the colours of the page. Throws without memory for it, or without graphics. */
export async function saveImage(
  element: StageElement,
  project: ProjectState,
  style: CSSStyleDeclaration,
): Promise<void> {
  const drawing = await element.capture(ENLARGEMENT);
  if (!drawing) throw new Error("the canvas gives no image");
  const caption = [titleOf(project.project, project.reconstructor?.title), ...countsOf(project), isoDate(new Date())];
  const image = await drawn(await createImageBitmap(drawing), element, project, {
    caption: caption.join(" · "),
    ground: style.getPropertyValue("--ground"),
    ink: style.getPropertyValue("--ink"),
  });
  offer(image, `${project.project}.png`);
}

/** The day where the visitor is: "2026-11-29", which nobody reads as another day. */
export function isoDate(now: Date): string {
  return new Date(now.getTime() - now.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 10);
}

interface Look {
  readonly caption: string;
  readonly ground: string;
  readonly ink: string;
}

/** Draw the free part of the canvas, in whose middle the object is, with a line below it. */
async function drawn(
  bitmap: ImageBitmap,
  { clientWidth, insets, renderRoot, stage }: StageElement,
  { scene }: ProjectState,
  { caption, ground, ink }: Look,
): Promise<Blob> {
  const ratio = bitmap.width / clientWidth;
  const [left, top] = [Math.round(insets.left * ratio), Math.round(insets.top * ratio)];
  const width = Math.max(1, bitmap.width - left - Math.round(insets.right * ratio));
  const height = Math.max(1, bitmap.height - top - Math.round(insets.bottom * ratio));
  const margin = Math.max(28, Math.round(width / 40));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height + 3 * margin];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw the image");
  context.fillStyle = ground;
  context.fillRect(0, 0, width, canvas.height);
  context.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
  const overlay = renderRoot.querySelector("svg");
  if (overlay) {
    context.save();
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    context.translate(-left, -top);
    context.scale(ratio, ratio);
    paintOverlay(context, overlay);
    context.restore();
  }
  [context.fillStyle, context.strokeStyle] = [ink, ink];
  [context.lineWidth, context.textBaseline] = [Math.max(2, margin / 14), "middle"];
  context.font = `600 ${Math.round(margin * 0.62)}px Georgia, serif`;
  context.fillText(caption, margin, height + 2.2 * margin, width - 2 * margin);
  const metres = scene.shown?.manifest.frame.metres_per_unit ?? null;
  const units = stage?.unitsPerPx;
  const bar = metres && units ? unitRuler((metres * units) / ratio, MOST_OF_WIDTH * width) : null;
  if (bar) {
    const [x, y] = [margin, height + margin];
    context.beginPath();
    context.moveTo(x, y - margin / 3);
    context.lineTo(x, y);
    context.lineTo(x + bar.widthPx, y);
    context.lineTo(x + bar.widthPx, y - margin / 3);
    context.stroke();
    context.fillText(length(bar.metres, 1), x + bar.widthPx + margin / 2, y - margin / 6);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("this browser cannot write the image"));
    }, "image/png");
  });
}
