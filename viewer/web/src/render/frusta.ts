/** Where was each photograph taken? Camera pyramids as line segments, in one draw call. */
import type { Color } from "three";
import { BufferAttribute, BufferGeometry, GLSL3, LineSegments, Matrix4, RawShaderMaterial, Vector3 } from "three";

import type { Vector } from "../scene/framing";
import type { HalfSides } from "../scene/fit";
import type { CameraEntry } from "../wire/contract";
import { LINE_FRAGMENT, LINE_VERTEX } from "./shaders";

/** A placed camera that can be picked. */
export interface Placed {
  readonly entry: CameraEntry;
  readonly center: Vector3;
  readonly worldFromCamera: Matrix4;
  /** The depth of the pyramid in world units. */
  readonly size: number;
}

/** The look of the pyramids. */
export interface FrustaLook {
  /** The depth of a pyramid in world units. The newest and the selected one are larger. */
  readonly size: number;
  /** The position of the shards' origin in the world. */
  readonly offset: Vector;
  readonly color: Color;
  readonly newestColor: Color;
  /** Of the cameras of further components. */
  readonly furtherColor: Color;
  readonly selected: string | null;
}

const OPACITY = 0.9;
/** The largest distance from a camera's centre at which it is picked. */
const PICK_REACH_PX = 22;
const NEWEST_SIZE = 1.5;
const SELECTED_SIZE = 2.4;

const EDGES = [
  [0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1], [1, 5], [5, 2],
] as const; // prettier-ignore
const FALLBACK_SLOPE = [0.5, 0.375] as const;

export type Lines = LineSegments<BufferGeometry, RawShaderMaterial>;

export function lineSegments(): Lines {
  const lines = new LineSegments(
    new BufferGeometry(),
    new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: LINE_VERTEX,
      fragmentShader: LINE_FRAGMENT,
      uniforms: { opacity: { value: OPACITY } },
      transparent: true,
      premultipliedAlpha: true,
    }),
  );
  lines.frustumCulled = false;
  lines.matrixAutoUpdate = false;
  return lines;
}

/** Draw these segments instead: two positions and two colours each, (N, 3) in a row. */
export function setLines(lines: Lines, positions: Float32Array<ArrayBuffer>, colors: Float32Array<ArrayBuffer>): void {
  lines.geometry.dispose();
  lines.geometry = new BufferGeometry();
  lines.geometry.setAttribute("position", new BufferAttribute(positions, 3));
  lines.geometry.setAttribute("color", new BufferAttribute(colors, 3));
}

/** The pyramids of all placed cameras of a project. */
export class Frusta {
  readonly lines: Lines;
  placed: readonly Placed[] = [];

  constructor() {
    this.lines = lineSegments();
  }

  /** Find the placed camera of an image. */
  find(imageId: string): Placed | null {
    return this.placed.find(({ entry }) => entry.image_id === imageId) ?? null;
  }

  /** Find the camera whose centre is nearest to a place on the canvas, in CSS pixels; null when none is near. */
  nearest(x: number, y: number, project: (center: Vector3) => readonly [number, number] | null): CameraEntry | null {
    let best: CameraEntry | null = null;
    let least = PICK_REACH_PX;
    for (const { center, entry } of this.placed) {
      const screen = project(center);
      const distance = screen ? Math.hypot(screen[0] - x, screen[1] - y) : Infinity;
      if (distance < least) [best, least] = [entry, distance];
    }
    return best;
  }

  update(cameras: readonly CameraEntry[], look: FrustaLook): void {
    const newest = newestNumber(cameras);
    const [plain, bright, further] = [look.color, look.newestColor, look.furtherColor].map((color) =>
      color.clone().convertLinearToSRGB().toArray(),
    );
    this.placed = cameras.flatMap((entry) => placedOf(entry, look, newest) ?? []);
    const positions: number[] = [];
    const colors: number[] = [];
    for (const camera of this.placed) {
      const corners = cornersOf(camera, camera.size);
      const ordinary = camera.entry.component === 0 ? plain : further;
      const tint = (camera.size > look.size ? bright : ordinary) ?? [];
      for (const corner of EDGES.flat()) {
        positions.push(...(corners[corner]?.toArray() ?? []));
        colors.push(...tint);
      }
    }
    setLines(this.lines, new Float32Array(positions), new Float32Array(colors));
  }

  dispose(): void {
    this.lines.geometry.dispose();
    this.lines.material.dispose();
  }
}

/** The number of the newest placed image; 0 without one. */
export function newestNumber(cameras: readonly CameraEntry[]): number {
  return cameras.reduce(
    (most, { image_number: number, world_from_camera: pose }) => (pose ? Math.max(most, number ?? 0) : most),
    0,
  );
}

function placedOf(entry: CameraEntry, look: FrustaLook, newest: number): Placed | null {
  const pose = entry.world_from_camera;
  if (!pose) return null;
  const worldFromCamera = new Matrix4().set(...pose[0], ...pose[1], ...pose[2], ...pose[3]);
  const center = new Vector3().setFromMatrixPosition(worldFromCamera).sub(new Vector3(...look.offset));
  worldFromCamera.setPosition(center);
  const isNewest = entry.image_number !== null && entry.image_number === newest;
  const growth = entry.image_id === look.selected ? SELECTED_SIZE : isNewest ? NEWEST_SIZE : 1;
  return { entry, worldFromCamera, center, size: growth * look.size };
}

/** The corners of a pyramid: centre, four image corners and the tip of the up mark. */
export function cornersOf({ entry, worldFromCamera }: Placed, size: number): Vector3[] {
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

/** The field of view of a camera: tangents of half its angles. */
export function fieldOf(entry: CameraEntry): HalfSides {
  const [across, down] = slopes(entry);
  return { across, down };
}

function slopes({ height_px: height, intrinsics, width_px: width }: CameraEntry): readonly [number, number] {
  if (!intrinsics || !height || !width) return FALLBACK_SLOPE;
  const [focalX, focalY] = intrinsics;
  return focalX > 0 && focalY > 0 ? [width / (2 * focalX), height / (2 * focalY)] : FALLBACK_SLOPE;
}
