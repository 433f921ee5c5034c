/** What is drawn? The points of the moment at which the views were opened, with the axes of the facade. */
import type { SpacedCloud } from "../../render/documentation/drawing";
import type { Box } from "../../scene/documentation/axes";
import { boxOf, sampled } from "../../scene/documentation/axes";
import type { Facade } from "../../scene/documentation/facade";
import { facadeOf } from "../../scene/documentation/facade";
import type { Vector } from "../../scene/framing";
import { upOf, viewingDirection } from "../../scene/framing";
import type { ProjectState } from "../../scene/state";
import type { CameraEntry, Manifest, Similarity } from "../../wire/contract";
import type { EarlierVersion } from "../stage/earlier-versions";
import type { StageElement } from "../stage/stage-element";

export interface Snapshot {
  readonly clouds: readonly SpacedCloud[];
  readonly facade: Facade;
  /** The box of the object, and that of its main plane; null without a plane. */
  readonly whole: Box;
  readonly plane: Box | null;
  readonly manifest: Manifest;
  readonly cameras: readonly CameraEntry[];
  readonly earlier: readonly EarlierVersion[];
  readonly shownFromFirst: Similarity;
}

/** How far beyond the plane's points the facade's box reaches, as a share of its width. */
const BESIDE_PLANE = 0.01;

/** Take the shown points of the leading component; null while there are too few. */
export function snapshotOf({ images, scene }: ProjectState, stage: StageElement): Snapshot | null {
  const clouds = stage.stage?.spacedClouds ?? [];
  const { shown } = scene;
  if (!shown || clouds.length === 0) return null;
  const points = sampled(clouds.map(({ measured }) => measured.pointsInWorld));
  const facade = facadeOf(points, upOf(shown.manifest.frame.up, images.cameras), viewingDirection(images.cameras));
  if (!facade) return null;
  const whole = boxOf(points, facade.axes);
  return {
    clouds,
    facade,
    whole,
    plane: facade.isPlane ? planeBox(points, facade, whole) : null,
    manifest: shown.manifest,
    cameras: images.cameras,
    earlier: stage.sync?.earlier.all ?? [],
    shownFromFirst: scene.shownFromFirst,
  };
}

/** The extent of the plane's points; in depth everything that the object has. */
function planeBox(points: Float32Array, { axes, onPlane }: Facade, whole: Box): Box {
  const kept = Float32Array.from(onPlane.flatMap((index) => Array.from(points.subarray(3 * index, 3 * index + 3))));
  const { high, low } = boxOf(kept, axes);
  const margin = BESIDE_PLANE * (high[0] - low[0]);
  const end = (side: Vector, sign: 1 | -1, depth: number): Vector => [
    side[0] + sign * margin,
    side[1] + sign * margin,
    depth,
  ];
  return { low: end(low, -1, whole.low[2]), high: end(high, 1, whole.high[2]) };
}

/** Metres in a world unit of the snapshot. A scale that is set while the views are open counts at once. */
export function metresOf({ manifest }: Snapshot, { scene }: ProjectState): number | null {
  const { shown } = scene;
  const isSame = shown?.manifest.generation === manifest.generation;
  return (isSame ? shown.manifest : manifest).frame.metres_per_unit;
}
