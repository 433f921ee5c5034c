/** What is drawn? The points of the moment at which the views were opened, with the axes of the facade. */
import type { SpacedCloud } from "../../scene/spacing";
import type { Box } from "../../scene/documentation/axes";
import { along, boxOf, sampled } from "../../scene/documentation/axes";
import type { Facade } from "../../scene/documentation/facade";
import { facadeOf } from "../../scene/documentation/facade";
import { upOf, viewingDirection } from "../../scene/framing";
import type { ReferenceSet } from "../../scene/reference";
import type { ProjectState } from "../../scene/state";
import type { CameraEntry, Manifest, Similarity, WorldFrame } from "../../wire/contract";
import type { EarlierVersion } from "../stage/earlier-versions";
import type { StageElement } from "../stage/stage-element";
import { titleOf } from "../summary";

export interface Snapshot {
  /** What people call the project. */
  readonly title: string;
  readonly clouds: readonly SpacedCloud[];
  readonly facade: Facade;
  /** The box of the object, and that of its main plane; null without a plane. */
  readonly whole: Box;
  readonly plane: Box | null;
  readonly manifest: Manifest;
  readonly cameras: readonly CameraEntry[];
  readonly earlier: readonly EarlierVersion[];
  readonly shownFromFirst: Similarity;
  /** How many of the object's points are drawn; null: all of them. */
  readonly part: Part | null;
}

export interface Part {
  readonly drawn: number;
  readonly all: number;
}

/** How far cornices and niches lie before and behind the main plane, as a share of its width. */
const RELIEF = 0.06;
/** The tip of a gable has few points: this share of the height is added above. */
const GABLE = 0.05;

/** Take the shown points of the leading component; null while there are too few. */
export function snapshotOf(
  { images, project, reconstructor, scene }: ProjectState,
  stage: StageElement,
): Snapshot | null {
  const clouds = stage.stage?.clouds.spacedClouds ?? [];
  const { shown } = scene;
  if (!shown || clouds.length === 0) return null;
  const points = sampled(clouds.map(({ measured }) => measured.pointsInWorld));
  const facade = facadeOf(points, upOf(shown.manifest.frame.up, images.cameras), viewingDirection(images.cameras));
  if (!facade) return null;
  const whole = boxOf(points, facade.axes);
  return {
    title: titleOf(project, reconstructor?.title),
    clouds,
    facade,
    whole,
    plane: facade.isPlane ? planeBox(points, facade, whole) : null,
    manifest: shown.manifest,
    cameras: images.cameras,
    earlier: stage.sync?.earlier.all ?? [],
    shownFromFirst: scene.shownFromFirst,
    part: partOf(clouds, shown),
  };
}

/** The share of the leading component's points that is on the screen, as far as the device and the manifest hold them. */
function partOf(clouds: readonly SpacedCloud[], { manifest, shards }: ReferenceSet): Part | null {
  const drawn = clouds.reduce((sum, { measured }) => sum + measured.count, 0);
  const leading = shards.filter(({ component }) => component === 0);
  const all = leading.reduce((sum, { point_count: count }) => sum + count, manifest.left_out.point_count);
  return drawn < all ? { drawn, all } : null;
}

/** As wide as the plane's points, as high as all points near it, and as deep as the object. */
function planeBox(points: Float32Array, { axes, onPlane }: Facade, whole: Box): Box {
  const { high, low } = boxOf(chosen(points, onPlane), axes);
  const relief = RELIEF * (high[0] - low[0]);
  const near: number[] = [];
  for (let index = 0; 3 * index + 2 < points.length; index += 1) {
    const at = 3 * index;
    const [right, , toward] = along(axes, [points[at] ?? 0, points[at + 1] ?? 0, points[at + 2] ?? 0]);
    if (right > low[0] && right < high[0] && Math.abs(toward) < relief) near.push(index);
  }
  const reach = boxOf(chosen(points, near), axes);
  const top = reach.high[1] + GABLE * (reach.high[1] - reach.low[1]);
  return { low: [low[0], reach.low[1], whole.low[2]], high: [high[0], top, whole.high[2]] };
}

function chosen(points: Float32Array, indices: readonly number[]): Float32Array {
  return Float32Array.from(indices.flatMap((index) => Array.from(points.subarray(3 * index, 3 * index + 3))));
}

/** The frame of the snapshot. A scale that is set while the views are open counts at once. */
export function frameOf({ manifest }: Snapshot, { scene }: ProjectState): WorldFrame {
  const { shown } = scene;
  const isSame = shown?.manifest.generation === manifest.generation;
  return (isSame ? shown.manifest : manifest).frame;
}
