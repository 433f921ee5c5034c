/** How do earlier generations stand in the present world, and what happened between them? Rows become a time line. Pure. */
import type { CameraEntry, GenerationRow, Manifest, Similarity } from "../../wire/contract";
import type { Entry } from "../activity";
import { IDENTITY, betweenOffsets, chained } from "../similarity";

/** One mark of the time line. */
export interface Mark {
  readonly kind: "generation" | "problem" | "scale";
  readonly atMs: number;
  /** After which image it was; 0 before the first. */
  readonly imageNumber: number;
  /** The generation that people saw then; null before the first. */
  readonly generation: number | null;
  /** How many problems the mark stands for; 1 of others. */
  readonly count: number;
}

/** How well the photographs of a generation fit, and how sure its scale is; null: not known, or without a scale. */
export type Accuracy = Pick<GenerationRow, "mean_reprojection_error_px" | "metres_per_unit" | "scale_deviation_ratio">;

/** The same of the present generation as it is now, over the placed photographs of the leading component. */
export function accuracyOf({ frame }: Manifest, cameras: readonly CameraEntry[]): Accuracy {
  const errors = cameras.flatMap(({ component, reprojection_error_px: error, world_from_camera: pose }) =>
    pose && component === 0 && error !== null ? [error] : [],
  );
  const total = errors.reduce((sum, error) => sum + error, 0);
  return {
    mean_reprojection_error_px: errors.length > 0 ? total / errors.length : null,
    metres_per_unit: frame.metres_per_unit,
    scale_deviation_ratio: frame.scale_deviation_ratio,
  };
}

/** When a row's generation was made, in milliseconds. */
function madeAtMs({ made_at: madeAt }: GenerationRow): number {
  return Date.parse(madeAt);
}

/** The transform from a generation's shard coordinates to those of the present one; null: its row is not there. */
export function presentFromEarlier(
  rows: readonly GenerationRow[],
  generation: number,
  present: number,
): Similarity | null {
  const first = rows.findIndex((row) => row.generation === generation);
  const last = rows.findIndex((row) => row.generation === present);
  if (first < 0 || last < first) return null;
  return rows.slice(first + 1, last + 1).reduce((found, row, at) => {
    const before = rows[first + at];
    return before ? chained(betweenOffsets(row.world_from_previous, before.offset, row.offset), found) : found;
  }, IDENTITY);
}

/** What happened, the oldest first: every generation up to the present one, problems between two of them as one mark. */
export function timeLine(rows: readonly GenerationRow[], activity: readonly Entry[], present: number): readonly Mark[] {
  const known = rows.filter(({ generation }) => generation <= present);
  const marks: Mark[] = known.map((row) => ({
    kind: "generation",
    atMs: madeAtMs(row),
    imageNumber: row.first_image_count,
    generation: row.generation,
    count: 1,
  }));
  let imageNumber = 0;
  const problems = new Map<number | null, Mark>();
  for (const { atMs, message } of [...activity].sort((one, other) => one.atMs - other.atMs)) {
    if (message.type === "processing_complete" && !message.is_refetch) imageNumber = message.image_number;
    if (message.type !== "error" && message.type !== "scale_bar") continue;
    const then = known.findLast((row) => madeAtMs(row) <= atMs);
    const generation = then?.generation ?? null;
    const after = Math.max(imageNumber, then?.first_image_count ?? 0);
    if (message.type === "scale_bar") {
      marks.push({ kind: "scale", atMs, imageNumber: after, generation, count: 1 });
      continue;
    }
    const before = problems.get(generation);
    const count = (before?.count ?? 0) + 1;
    problems.set(generation, {
      kind: "problem",
      atMs: before?.atMs ?? atMs,
      imageNumber: before?.imageNumber ?? after,
      generation,
      count,
    });
  }
  return [...marks, ...problems.values()].sort((one, other) => one.atMs - other.atMs);
}
