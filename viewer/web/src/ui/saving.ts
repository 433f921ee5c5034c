/** How is the object saved? As a PNG with a caption, or as a PLY of the shown points. */
import type { ProjectState } from "../scene/state";
import { date } from "./format";
import { countsOf, titleOf } from "./summary";

/** Save the canvas with a caption of project, counts and date, in the colours of the page. Throws without memory for it. */
export async function saveImage(cloud: Blob | null, project: ProjectState, style: CSSStyleDeclaration): Promise<void> {
  if (!cloud) throw new Error("the canvas gives no image");
  const caption = [titleOf(project.project, project.reconstructor?.title), ...countsOf(project), date(Date.now())].join(
    " · ",
  );
  const image = await captioned(cloud, caption, style.getPropertyValue("--ground"), style.getPropertyValue("--ink"));
  offer(image, `${project.project}.png`);
}

/** Offer a file for download. */
export function offer(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}

/** Draw the canvas on the page's background, with a caption below. */
async function captioned(cloud: Blob, caption: string, ground: string, ink: string): Promise<Blob> {
  const bitmap = await createImageBitmap(cloud);
  const canvas = document.createElement("canvas");
  const margin = Math.max(28, Math.round(bitmap.width / 40));
  canvas.width = bitmap.width;
  canvas.height = bitmap.height + 2 * margin;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw the image");
  context.fillStyle = ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  context.fillStyle = ink;
  context.font = `600 ${Math.round(margin * 0.62)}px Georgia, serif`;
  context.textBaseline = "middle";
  context.fillText(caption, margin, bitmap.height + margin, canvas.width - 2 * margin);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("this browser cannot write the image"));
    }, "image/png");
  });
}
