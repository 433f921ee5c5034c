/** Where are the points and cameras of further components drawn? Beside the leading one, as the manifest says. Pure. */
import type { Bounds, CameraEntry, Component, Similarity } from "../wire/contract";
import type { Vector } from "./framing";
import { IDENTITY, betweenOffsets, moved } from "./similarity";
import type { MeasuredCloud } from "./spacing";

/** The transform from a component's shard coordinates to those of the world. */
export function worldFromComponent(components: readonly Component[], component: number): Similarity {
  if (component === 0) return IDENTITY;
  return components.find(({ id }) => id === component)?.world_from_component ?? IDENTITY;
}

/** The components that photographs form beside the leading one. */
export function furtherComponents(components: readonly Component[]): readonly Component[] {
  return components.filter(({ id, image_count: count }) => id > 0 && count > 0);
}

/** A cloud in the world. The points are moved in place. */
export function movedCloud(worldFromShard: Similarity, cloud: MeasuredCloud): MeasuredCloud {
  if (worldFromShard === IDENTITY) return cloud;
  const points = cloud.pointsInWorld;
  for (let at = 0; at + 2 < points.length; at += 3)
    points.set(moved(worldFromShard, [points[at] ?? 0, points[at + 1] ?? 0, points[at + 2] ?? 0]), at);
  return { ...cloud, density: cloud.density / worldFromShard.scale ** 2 };
}

/** The axis-aligned box around a moved box. */
export function movedBounds(worldFromShard: Similarity, { maximum, minimum }: Bounds): Bounds {
  if (worldFromShard === IDENTITY) return { minimum, maximum };
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) =>
    moved(
      worldFromShard,
      [0, 1, 2].map((axis) => (corner & (1 << axis) ? maximum : minimum)[axis] ?? 0) as unknown as Vector,
    ),
  );
  const along = (axis: number, most: (...values: number[]) => number): number =>
    most(...corners.map((corner) => corner[axis] ?? 0));
  return {
    minimum: [along(0, Math.min), along(1, Math.min), along(2, Math.min)],
    maximum: [along(0, Math.max), along(1, Math.max), along(2, Math.max)],
  };
}

/** A camera where it is drawn. `offset`: the position of the shards' origin in every component's frame. */
export function shownCamera(camera: CameraEntry, components: readonly Component[], offset: Vector): CameraEntry {
  const worldFromShard = worldFromComponent(components, camera.component);
  const pose = camera.world_from_camera;
  if (!pose || worldFromShard === IDENTITY) return camera;
  const [first, second, third] = pose;
  const column = (at: 0 | 1 | 2 | 3): Vector => [first[at], second[at], third[at]];
  const origin: Vector = [-offset[0], -offset[1], -offset[2]];
  const center = moved(betweenOffsets(worldFromShard, origin, origin), column(3));
  const turn: Similarity = { ...IDENTITY, rotation_wxyz: worldFromShard.rotation_wxyz };
  const [right, down, ahead] = [moved(turn, column(0)), moved(turn, column(1)), moved(turn, column(2))];
  const row = (at: 0 | 1 | 2): typeof first => [right[at], down[at], ahead[at], center[at]];
  return { ...camera, world_from_camera: [row(0), row(1), row(2), pose[3]] };
}
