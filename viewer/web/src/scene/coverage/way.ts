/** Which way is it from the last photograph to a place to stand? A turn and a distance. Pure. */
import type { AdvisedPlace, CameraEntry } from "../../wire/contract";
import type { Vector } from "../framing";
import { minus } from "../scale";
import { axesOf, dot, scaled } from "./lines";

export interface Way {
  /** The photograph from which it is measured. */
  readonly imageNumber: number;
  /** Degrees to the right of where that photograph looks, from -180 to 180. */
  readonly turnDeg: number;
  /** World units, along the ground. */
  readonly distance: number;
}

/** The way from the newest placed photograph of the leading component; null without one. */
export function wayTo(place: AdvisedPlace, cameras: readonly CameraEntry[], up: Vector): Way | null {
  const placed = cameras.filter(({ component, world_from_camera: pose }) => pose !== null && component === 0);
  const newest = placed.reduce<CameraEntry | null>(
    (best, each) => ((each.image_number ?? 0) > (best?.image_number ?? 0) ? each : best),
    null,
  );
  const pose = newest?.world_from_camera;
  if (!newest || !pose) return null;
  const column = (index: 2 | 3): Vector => [pose[0][index], pose[1][index], pose[2][index]];
  const away = minus(place.position, column(3));
  const flat = minus(away, scaled(up, dot(away, up)));
  const { right } = axesOf(column(2), up);
  const ahead = axesOf(minus(column(2), scaled(up, dot(column(2), up))), up).ahead;
  const turnDeg = (Math.atan2(dot(flat, right), dot(flat, ahead)) * 180) / Math.PI;
  return { imageNumber: newest.image_number ?? 0, turnDeg, distance: Math.hypot(...flat) };
}
