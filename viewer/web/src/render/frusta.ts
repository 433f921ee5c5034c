/** Where was each photograph taken? Small pyramids, one draw call for all of them. */
import type { Color } from "three";
import { BufferAttribute, BufferGeometry, LineBasicMaterial, LineSegments, Matrix4, Vector3 } from "three";

import type { CameraEntry } from "../wire/contract";

/** A placed camera that can be tapped. */
export interface Placed {
  readonly entry: CameraEntry;
  readonly center: Vector3;
  readonly worldFromCamera: Matrix4;
}

const EDGES = [
  [0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1], [1, 5], [5, 2],
] as const; // prettier-ignore
const FALLBACK_SLOPE = [0.5, 0.375] as const;

/** All placed cameras of a project. */
export class Frusta {
  readonly lines: LineSegments<BufferGeometry, LineBasicMaterial>;
  placed: readonly Placed[] = [];

  constructor() {
    this.lines = new LineSegments(
      new BufferGeometry(),
      new LineBasicMaterial({ vertexColors: true, transparent: true, opacity: 0.9, toneMapped: false }),
    );
    this.lines.frustumCulled = false;
    this.lines.matrixAutoUpdate = false;
  }

  /** `size` is a pyramid's depth in world units; the newest image's is larger. */
  update(
    cameras: readonly CameraEntry[],
    size: number,
    color: Color,
    newestColor: Color,
    selected: string | null,
  ): void {
    this.placed = cameras.flatMap((entry) => placedOf(entry) ?? []);
    const newest = Math.max(0, ...this.placed.map(({ entry }) => entry.image_number ?? 0));
    const positions: number[] = [];
    const colors: number[] = [];
    for (const camera of this.placed) {
      const isNewest = camera.entry.image_number === newest || camera.entry.image_id === selected;
      const corners = cornersOf(camera, isNewest ? 1.5 * size : size);
      const tint = isNewest ? newestColor : color;
      for (const corner of EDGES.flat()) {
        positions.push(...(corners[corner]?.toArray() ?? []));
        colors.push(tint.r, tint.g, tint.b);
      }
    }
    const { geometry } = this.lines;
    geometry.dispose();
    this.lines.geometry = new BufferGeometry();
    this.lines.geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
    this.lines.geometry.setAttribute("color", new BufferAttribute(new Float32Array(colors), 3));
  }

  dispose(): void {
    this.lines.geometry.dispose();
    this.lines.material.dispose();
  }
}

function placedOf(entry: CameraEntry): Placed | null {
  const pose = entry.world_from_camera;
  if (!pose) return null;
  const worldFromCamera = new Matrix4().set(...pose[0], ...pose[1], ...pose[2], ...pose[3]);
  return { entry, worldFromCamera, center: new Vector3().setFromMatrixPosition(worldFromCamera) };
}

/** The eye, four corners of the image and the tip of the mark that says which side is up. */
function cornersOf({ entry, worldFromCamera }: Placed, size: number): Vector3[] {
  const [horizontal, vertical] = slopes(entry);
  const inCamera = [
    [0, 0, 0],
    [-horizontal, -vertical, 1],
    [horizontal, -vertical, 1],
    [horizontal, vertical, 1],
    [-horizontal, vertical, 1],
    [0, -1.35 * vertical, 1],
  ] as const;
  return inCamera.map(([x, y, z]) => new Vector3(x, y, z).multiplyScalar(size).applyMatrix4(worldFromCamera));
}

function slopes({ height_px: height, intrinsics, width_px: width }: CameraEntry): readonly [number, number] {
  if (!intrinsics || !height || !width) return FALLBACK_SLOPE;
  const [focalX, focalY] = intrinsics;
  return focalX > 0 && focalY > 0 ? [width / (2 * focalX), height / (2 * focalY)] : FALLBACK_SLOPE;
}
