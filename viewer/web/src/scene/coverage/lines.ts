/** Which lines show what is missing and where to stand? Boxes of holes, and cameras that do not exist yet. Pure. */
import type { AdvisedPlace, CameraEntry } from "../../wire/contract";
import type { CoverageGrid } from "../../wire/coverage";
import type { Vector } from "../framing";
import { minus, plus } from "../scale";
import type { Color } from "./painters";
import { HOLE } from "./painters";

const MOST_BOXES = 3000;
const FALLBACK_SLOPES = [0.5, 0.375] as const;
const EDGES = [
  [0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1],
] as const; // prettier-ignore
const BOX_EDGES = [
  [0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7],
] as const; // prettier-ignore

export interface Lines {
  readonly positions: Float32Array<ArrayBuffer>;
  readonly colors: Float32Array<ArrayBuffer>;
}

/** Boxes around the cells of holes, in the coordinates of the points. */
export function holeLines(grid: CoverageGrid | null, offset: Vector): number[] {
  if (!grid?.isDense) return [];
  const positions: number[] = [];
  const { cells, origin, scores, shape, side } = grid;
  let boxes = 0;
  for (const [index, cell] of cells.entries()) {
    if (scores[index] !== 0 || boxes >= MOST_BOXES) continue;
    boxes += 1;
    const z = cell % shape[2];
    const y = Math.floor(cell / shape[2]) % shape[1];
    const x = Math.floor(cell / (shape[1] * shape[2]));
    const low = minus(plus(origin, [x * side, y * side, z * side]), offset);
    for (const corner of BOX_EDGES.flat())
      positions.push(...plus(low, [corner & 4 ? side : 0, corner & 2 ? side : 0, corner & 1 ? side : 0]));
  }
  return positions;
}

/** Pyramids of three cameras at each place, a step apart, in the coordinates of the points. */
export function ghostLines(
  places: readonly AdvisedPlace[],
  cameras: readonly CameraEntry[],
  up: Vector,
  offset: Vector,
): number[] {
  const positions: number[] = [];
  for (const place of places) {
    const camera = cameras.find(({ image_id: id }) => id === place.image_id) ?? null;
    const [horizontal, vertical] = slopesOf(camera);
    const { ahead, down, right } = axesOf(place.looking, up);
    const size = 0.45 * place.step;
    for (const shift of [-1, 0, 1]) {
      const center = minus(plus(place.position, scaled(right, shift * place.step)), offset);
      const corner = (x: number, y: number): Vector =>
        plus(center, scaled(plus(plus(ahead, scaled(right, x * horizontal)), scaled(down, y * vertical)), size));
      const corners = [center, corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
      for (const index of EDGES.flat()) positions.push(...(corners[index] ?? center));
    }
  }
  return positions;
}

/** Ghosts in one colour, holes in another. */
export function linesOf(ghosts: readonly number[], holes: readonly number[], ghostColor: Color): Lines {
  const colors = new Float32Array(ghosts.length + holes.length);
  for (let at = 0; at < colors.length; at += 1) {
    const color = at < ghosts.length ? ghostColor : HOLE;
    colors[at] = color[(at % 3) as 0 | 1 | 2] / 255;
  }
  return { positions: new Float32Array([...ghosts, ...holes]), colors };
}

/** The axes of an upright camera that looks in a direction: OpenCV's right, down and ahead. */
export function axesOf(looking: Vector, up: Vector): { right: Vector; down: Vector; ahead: Vector } {
  const ahead = unit(looking);
  const across = cross(ahead, up);
  const right = unit(Math.hypot(...across) > 0.05 ? across : cross(ahead, [up[1], up[2], up[0]]));
  return { right, down: cross(ahead, right), ahead };
}

export function scaled([x, y, z]: Vector, factor: number): Vector {
  return [x * factor, y * factor, z * factor];
}

export function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

function cross(one: Vector, other: Vector): Vector {
  return [
    one[1] * other[2] - one[2] * other[1],
    one[2] * other[0] - one[0] * other[2],
    one[0] * other[1] - one[1] * other[0],
  ];
}

function unit(vector: Vector): Vector {
  return scaled(vector, 1 / Math.max(Math.hypot(...vector), 1e-12));
}

function slopesOf(camera: CameraEntry | null): readonly [number, number] {
  const { height_px: height, intrinsics, width_px: width } = camera ?? {};
  if (!height || !width || !intrinsics || intrinsics[0] <= 0 || intrinsics[1] <= 0) return FALLBACK_SLOPES;
  return [width / (2 * intrinsics[0]), height / (2 * intrinsics[1])];
}
