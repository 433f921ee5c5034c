/** How are points coloured by what is known of them? Painters for coverage, confidence, height and age. Pure. */
import type { ShardEntry } from "../../wire/contract";
import type { CoverageGrid } from "../../wire/coverage";
import type { Vector } from "../framing";
import type { Painter } from "../painter";

export type Color = readonly [red: number, green: number, blue: number];

/** What the points may be coloured by; `photo`: as photographed. */
export const SUBJECTS = ["photo", "coverage", "confidence", "height", "generation"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** Cividis (Nuñez, Anderton & Renslow 2018), which people with any colour vision read alike: from low to high. */
export const RAMP: readonly Color[] = [
  [0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 182, 107], [254, 232, 56],
]; // prettier-ignore
/** From badly to well covered. */
export const COVERED: readonly Color[] = [[213, 94, 0], [240, 190, 90], [120, 190, 190], [0, 114, 178]]; // prettier-ignore
export const HOLE: Color = [230, 40, 90];
const UNKNOWN: Color = [120, 120, 120];
const WIDE_DEG = 8;

/** Colour by how well each cell is covered; of sparse points, by how many photographs see it. */
export function coveragePainter(grid: CoverageGrid, offset: Vector): Painter {
  return cellPainter(grid, offset, (index) =>
    grid.isDense ? rampColor(COVERED, (grid.scores[index] ?? 0) / 255) : rampColor(COVERED, seenOften(grid, index)),
  );
}

/** Colour by how many photographs agree on each cell, and from how wide an angle. */
export function confidencePainter(grid: CoverageGrid, offset: Vector): Painter {
  return cellPainter(grid, offset, (index) => {
    const byAngle = Math.min(1, 0.4 + (0.6 * (grid.anglesDeg[index] ?? 0)) / WIDE_DEG);
    return rampColor(COVERED, seenOften(grid, index) * ((grid.views[index] ?? 0) > 1 ? byAngle : 0.4));
  });
}

/** Colour by the height along `up` (unit), between the lowest and the highest of the leading component. */
export function heightPainter(up: Vector, lowest: number, highest: number): Painter {
  const span = Math.max(highest - lowest, Number.MIN_VALUE);
  return (_, { count, pointsInWorld: points, tintsAndSizes }) => {
    const painted = tintsAndSizes.slice();
    for (let index = 0, at = 0; index < count; index += 1, at += 3) {
      const height = (points[at] ?? 0) * up[0] + (points[at + 1] ?? 0) * up[1] + (points[at + 2] ?? 0) * up[2];
      setColor(painted, index, rampColor(RAMP, (height - lowest) / span));
    }
    return painted;
  };
}

/** The heights between which nearly all points lie. */
export function heightsOf(clouds: readonly Float32Array[], up: Vector): readonly [lowest: number, highest: number] {
  const total = clouds.reduce((sum, points) => sum + points.length / 3, 0);
  const stride = 3 * Math.max(1, Math.floor(total / 4000));
  const heights: number[] = [];
  for (const points of clouds)
    for (let at = 0; at + 2 < points.length; at += stride)
      heights.push((points[at] ?? 0) * up[0] + (points[at + 1] ?? 0) * up[1] + (points[at + 2] ?? 0) * up[2]);
  heights.sort((one, other) => one - other);
  const at = (share: number): number => heights[Math.floor(share * (heights.length - 1))] ?? 0;
  return [at(0.01), at(0.99)];
}

/** Colour what the last complete version had darkest, and what photographs brought since the brighter the newer. */
export function generationPainter(shards: readonly ShardEntry[]): Painter {
  const numbers = shards.flatMap(({ image_number: number, kind }) => (kind === "incremental" ? [number ?? 0] : []));
  const [oldest, newest] = [Math.min(...numbers), Math.max(...numbers)];
  return ({ entry }, { count, tintsAndSizes }) => {
    const isNew = entry.kind === "incremental";
    const share = newest > oldest ? ((entry.image_number ?? oldest) - oldest) / (newest - oldest) : 1;
    const color = rampColor(RAMP, isNew ? 0.5 + 0.5 * share : 0.15);
    const painted = tintsAndSizes.slice();
    for (let index = 0; index < count; index += 1) setColor(painted, index, color);
    return painted;
  };
}

/** The colour at a place between 0 and 1 of a ramp. */
export function rampColor(ramp: readonly Color[], share: number): Color {
  const place = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const [low, high] = [ramp[Math.floor(place)] ?? UNKNOWN, ramp[Math.ceil(place)] ?? UNKNOWN];
  const part = place - Math.floor(place);
  const mixed = (channel: 0 | 1 | 2): number => Math.round(low[channel] + part * (high[channel] - low[channel]));
  return [mixed(0), mixed(1), mixed(2)];
}

function seenOften({ views }: CoverageGrid, index: number): number {
  return Math.min(1, (views[index] ?? 0) / 6);
}

/** Colour the leading component's points by the cell that they lie in. */
function cellPainter(grid: CoverageGrid, offset: Vector, colorOf: (index: number) => Color): Painter {
  const { cells, origin, shape, side } = grid;
  const rows = new Int32Array(shape[0] * shape[1] * shape[2]).fill(-1);
  for (const [index, cell] of cells.entries()) rows[cell] = index;
  const colors = Array.from(cells, (_, index) => colorOf(index));
  const corner = [origin[0] - offset[0], origin[1] - offset[1], origin[2] - offset[2]] as const;
  return ({ entry }, { count, pointsInWorld: points, tintsAndSizes }) => {
    const painted = tintsAndSizes.slice();
    for (let index = 0, at = 0; index < count; index += 1, at += 3) {
      const x = Math.floor(((points[at] ?? 0) - corner[0]) / side);
      const y = Math.floor(((points[at + 1] ?? 0) - corner[1]) / side);
      const z = Math.floor(((points[at + 2] ?? 0) - corner[2]) / side);
      const isInside = x >= 0 && y >= 0 && z >= 0 && x < shape[0] && y < shape[1] && z < shape[2];
      const row = isInside && entry.component === 0 ? (rows[(x * shape[1] + y) * shape[2] + z] ?? -1) : -1;
      setColor(painted, index, colors[row] ?? UNKNOWN);
    }
    return painted;
  };
}

function setColor(painted: Uint8Array, index: number, color: Color): void {
  painted[4 * index] = color[0];
  painted[4 * index + 1] = color[1];
  painted[4 * index + 2] = color[2];
}
