/** Which place of the page does an address name? Project, image and view, in the fragment: no server sees it, and no secret is in it. */
import { isLevel } from "./ids";

export type Triple = readonly [number, number, number];

/** From where the object is seen, in the world of the shown reference set. */
export interface Viewpoint {
  readonly position: Triple;
  readonly target: Triple;
}

export interface Place {
  readonly project: string;
  readonly image: string | null;
  readonly viewpoint: Viewpoint | null;
}

const NUMBERS = 6;
const DIGITS = 6;

/** The place in a fragment; null where it names no project. What is damaged in it is left out. */
export function readPlace(fragment: string): Place | null {
  const parts = new URLSearchParams(fragment.replace(/^#/u, ""));
  const project = parts.get("project") ?? "";
  if (!isLevel("project", project)) return null;
  const image = parts.get("image");
  return {
    project,
    image: image !== null && isLevel("image_id", image) ? image : null,
    viewpoint: readViewpoint(parts.get("view")),
  };
}

/** The fragment of a place. */
export function placeFragment({ image, project, viewpoint }: Place): string {
  const parts = [`project=${project}`];
  if (image !== null) parts.push(`image=${image}`);
  if (viewpoint) {
    const numbers = [...viewpoint.position, ...viewpoint.target];
    parts.push(`view=${numbers.map((value) => Number(value.toPrecision(DIGITS))).join(",")}`);
  }
  return `#${parts.join("&")}`;
}

function readViewpoint(text: string | null): Viewpoint | null {
  const numbers = (text ?? "").split(",").map((part) => (part === "" ? NaN : Number(part)));
  if (numbers.length !== NUMBERS || !numbers.every(Number.isFinite)) return null;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
  return { position: [a, b, c], target: [d, e, f] };
}
