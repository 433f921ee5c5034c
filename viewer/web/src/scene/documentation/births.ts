/** Which photograph saw each point first? Visibility by a small z-buffer for each camera. Pure. */
import type { PointCloud } from "../../wire/clouds/cloud";
import type { CameraEntry } from "../../wire/contract";

/** A cloud whose points are in the order in which photographs saw them. */
export interface Growth {
  readonly order: Uint32Array;
  /** For each photograph in turn: how many points are seen by it or by one before it. */
  readonly counts: readonly number[];
}

type Placed = CameraEntry & {
  readonly world_from_camera: NonNullable<CameraEntry["world_from_camera"]>;
  readonly intrinsics: NonNullable<CameraEntry["intrinsics"]>;
  readonly width_px: number;
  readonly height_px: number;
};

const BUFFER_WIDTH_PX = 120;
/** How much farther than the nearest point of its pixel a visible point may be. */
const BEHIND_RATIO = 1.02;

/** The cameras that see something, in the order of their photographs. */
export function placedCameras(cameras: readonly CameraEntry[]): readonly Placed[] {
  const isPlaced = (camera: CameraEntry): camera is Placed =>
    camera.component === 0 &&
    camera.world_from_camera !== null &&
    camera.intrinsics !== null &&
    camera.width_px !== null &&
    camera.height_px !== null;
  return cameras.filter(isPlaced).sort((one, other) => (one.image_number ?? 0) - (other.image_number ?? 0));
}

/**
 * Order the points by the photograph that saw them first. Points that none saw come with the last photograph.
 * It yields after each camera: 400 000 points take it some milliseconds.
 */
export function* growthOf(
  { count, pointsInWorld }: Pick<PointCloud, "count" | "pointsInWorld">,
  cameras: readonly Placed[],
  offset: readonly [number, number, number],
): Generator<void, Growth> {
  const firstSeen = new Uint32Array(count).fill(Math.max(0, cameras.length - 1));
  const isSeen = new Uint8Array(count);
  const pixels = new Int32Array(count);
  const depths = new Float32Array(count);
  for (const [turn, camera] of cameras.entries()) {
    project(pointsInWorld, camera, offset, pixels, depths);
    const nearest = nearestOf(pixels, depths, bufferSize(camera));
    for (let index = 0; index < count; index += 1) {
      const pixel = pixels[index] ?? -1;
      if (isSeen[index] !== 0 || pixel < 0) continue;
      if ((depths[index] ?? 0) > BEHIND_RATIO * (nearest[pixel] ?? 0)) continue;
      isSeen[index] = 1;
      firstSeen[index] = turn;
    }
    yield;
  }
  return ordered(firstSeen, cameras.length);
}

function bufferSize({ height_px: height, width_px: width }: Placed): readonly [number, number] {
  return [BUFFER_WIDTH_PX, Math.max(1, Math.ceil((BUFFER_WIDTH_PX * height) / width))];
}

/** Write the pixel of the z-buffer of each point, -1 outside, and its depth. */
function project(
  points: Float32Array,
  camera: Placed,
  offset: readonly [number, number, number],
  pixels: Int32Array,
  depths: Float32Array,
): void {
  const [r0, r1, r2] = camera.world_from_camera;
  const [fx, fy, cx, cy] = camera.intrinsics;
  const [columns, rows] = bufferSize(camera);
  const step = columns / camera.width_px;
  for (let at = 0; at + 2 < points.length; at += 3) {
    const dx = (points[at] ?? 0) + offset[0] - r0[3];
    const dy = (points[at + 1] ?? 0) + offset[1] - r1[3];
    const dz = (points[at + 2] ?? 0) + offset[2] - r2[3];
    const z = dx * r0[2] + dy * r1[2] + dz * r2[2];
    const u = Math.floor(step * ((fx * (dx * r0[0] + dy * r1[0] + dz * r2[0])) / z + cx));
    const v = Math.floor(step * ((fy * (dx * r0[1] + dy * r1[1] + dz * r2[1])) / z + cy));
    const isInside = z > 0 && u >= 0 && u < columns && v >= 0 && v < rows;
    pixels[at / 3] = isInside ? v * columns + u : -1;
    depths[at / 3] = z;
  }
}

function nearestOf(pixels: Int32Array, depths: Float32Array, [columns, rows]: readonly [number, number]): Float32Array {
  const nearest = new Float32Array(columns * rows).fill(Infinity);
  pixels.forEach((pixel, index) => {
    const depth = depths[index] ?? Infinity;
    if (pixel >= 0 && depth < (nearest[pixel] ?? 0)) nearest[pixel] = depth;
  });
  return nearest;
}

/** Sort by counting. */
function ordered(firstSeen: Uint32Array, turns: number): Growth {
  const sums = new Uint32Array(turns + 1);
  for (const turn of firstSeen) sums[turn + 1] = (sums[turn + 1] ?? 0) + 1;
  for (let turn = 1; turn <= turns; turn += 1) sums[turn] = (sums[turn] ?? 0) + (sums[turn - 1] ?? 0);
  const counts = Array.from(sums.subarray(1));
  const order = new Uint32Array(firstSeen.length);
  firstSeen.forEach((turn, index) => {
    const place = sums[turn] ?? 0;
    order[place] = index;
    sums[turn] = place + 1;
  });
  return { order, counts };
}
