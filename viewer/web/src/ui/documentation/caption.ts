/** What is written below a drawing at scale? Project, view, scale, date and error, and a scale bar of a round length. */
import type { Direction } from "../../scene/documentation/axes";
import type { Sheet } from "../../scene/documentation/sheet";
import type { CameraEntry, Manifest, WorldFrame } from "../../wire/contract";
import { UNITS, keptUnit } from "../annotations/units";
import { date, finePercent, fixed, updateWords } from "../format";
import type { Part } from "./snapshot";
import { v } from "./words";

export interface Caption {
  readonly title: string;
  readonly lines: readonly string[];
  /** The length of the scale bar in metres, and the number of its fields. */
  readonly barM: number;
  readonly barFields: number;
}

export interface CaptionOf {
  readonly title: string;
  readonly manifest: Manifest;
  /** The frame whose scale the sheet has; it may be newer than the manifest's. */
  readonly frame: WorldFrame;
  readonly part: Part | null;
  readonly cameras: readonly CameraEntry[];
  readonly direction: Direction;
  readonly sheet: Sheet;
}

/** The most of the sheet's width that the scale bar takes. */
const MOST_OF_WIDTH = 0.4;

export function captionOf({ cameras, direction, frame, manifest, part, sheet, title }: CaptionOf): Caption {
  const { generation, revision } = manifest;
  const errors = [deviationWords(frame.scale_deviation_ratio), ...cameraWords(cameras)].join(", ");
  return {
    title,
    lines: [
      [v(`view.${direction}`), v("caption.scale", { scale: sheet.scale }), date(Date.now())].join(" · "),
      [updateWords(generation, revision), errors, ...(part ? [v("caption.part", { ...part })] : [])].join(" · "),
    ],
    ...barOf(sheet.widthPx * sheet.metresPerPx),
  };
}

/** A bar of 1, 2 or 5 times a power of ten, in the unit of this device. */
function barOf(widthM: number): Pick<Caption, "barM" | "barFields"> {
  const { metres } = UNITS[keptUnit()];
  const most = (MOST_OF_WIDTH * widthM) / metres;
  const power = 10 ** Math.floor(Math.log10(most));
  const times = [5, 2].find((each) => each * power <= most) ?? 1;
  return { barM: times * power * metres, barFields: times === 2 ? 4 : 5 };
}

/** How sure a known scale is. */
export function deviationWords(ratio: number | null): string {
  return ratio === null ? v("caption.no_deviation") : v("caption.deviation", { percent: finePercent(ratio) });
}

/** The median reprojection error of the photographs of the leading component, which alone is drawn. */
function cameraWords(cameras: readonly CameraEntry[]): readonly string[] {
  const errors = cameras
    .filter(({ component, world_from_camera: place }) => component === 0 && place !== null)
    .flatMap(({ reprojection_error_px: error }) => error ?? [])
    .sort((one, other) => one - other);
  const middle = errors[errors.length >> 1];
  return middle === undefined ? [] : [v("caption.cameras", { pixels: fixed(middle, 2) })];
}
