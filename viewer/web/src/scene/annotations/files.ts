/** How do measures and notes get into a spreadsheet or a GIS? As CSV and GeoJSON, in metres once a scale is set. Pure. */
import type { Vector } from "../framing";
import { plus } from "../scale";
import type { Annotation } from "./annotation";
import { figuresOf } from "./geometry";

/** An annotation with its points in the coordinates of the shards on screen. */
export interface Placed {
  readonly annotation: Annotation;
  readonly points: readonly Vector[];
}

/** What the points stand in. */
export interface Survey {
  readonly project: string;
  readonly offset: Vector;
  /** Null: not known; then there are no heights, as in the files of the reconstructor. */
  readonly up: Vector | null;
  readonly metresPerUnit: number | null;
}

const COLUMNS = [
  "kind", "name", "author", "set_at", "unit", "distance", "horizontal", "vertical", "angle_deg", "area", "points",
] as const; // prettier-ignore

/** Numbers alone: no formula. */
const COORDINATES = /^[-\d.e; ]+$/;

type Row = Readonly<Record<(typeof COLUMNS)[number], string | number | null>>;

/** One line for each annotation, as RFC 4180 has it; numbers with a point. */
export function csvOf(placed: readonly Placed[], survey: Survey): string {
  const rows = placed.map((each) => rowOf(each, survey));
  const lines = rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(","));
  return [COLUMNS.join(","), ...lines, ""].join("\r\n");
}

/** A FeatureCollection in the local coordinates of the object, as `coordinate_system` says. */
export function geoJsonOf(placed: readonly Placed[], survey: Survey): string {
  const features = placed.map((each) => {
    const properties = { ...rowOf(each, survey), points: undefined }; // JSON leaves the column out
    return { type: "Feature", id: each.annotation.key, geometry: geometryOf(each, survey), properties };
  });
  const about = { name: survey.project, coordinate_system: "local", unit: unitOf(survey), up: survey.up };
  return `${JSON.stringify({ type: "FeatureCollection", ...about, features }, null, 1)}\n`;
}

function rowOf({ annotation, points }: Placed, survey: Survey): Row {
  const { kind, setAt, user, words } = annotation;
  const scale = survey.metresPerUnit ?? 1;
  const figures = kind === "note" ? null : figuresOf(kind, points, survey.up);
  const scaled = (value: number | null | undefined, power = 1): number | null =>
    value === null || value === undefined ? null : rounded(value * scale ** power);
  return {
    kind,
    name: words,
    author: user,
    set_at: setAt,
    unit: unitOf(survey),
    distance: scaled(figures?.distance),
    horizontal: scaled(figures?.horizontal),
    vertical: scaled(figures?.vertical),
    angle_deg: scaled(figures?.angleDeg, 0),
    area: scaled(figures?.area, 2),
    points: coordinatesOf(points, survey)
      .map((point) => point.join(" "))
      .join("; "),
  };
}

/** Null before the object is shown, as RFC 7946, 3.2 has it. */
function geometryOf({ annotation, points }: Placed, survey: Survey): { type: string; coordinates: unknown } | null {
  const coordinates = coordinatesOf(points, survey);
  if (coordinates.length === 0) return null;
  if (annotation.kind === "note") return { type: "Point", coordinates: coordinates[0] };
  if (annotation.kind === "area") return { type: "Polygon", coordinates: [[...coordinates, coordinates[0]]] };
  return { type: "LineString", coordinates };
}

function coordinatesOf(points: readonly Vector[], { metresPerUnit, offset }: Survey): readonly number[][] {
  return points.map((point) => plus(point, offset).map((value) => rounded(value * (metresPerUnit ?? 1))));
}

function unitOf({ metresPerUnit }: Survey): string {
  return metresPerUnit === null ? "world units" : "m";
}

/** A thousandth of a millimetre is finer than any photograph here. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** A cell. A text that a spreadsheet would run as a formula begins with an apostrophe; coordinates may begin with a minus. */
function cell(value: string | number | null): string {
  if (value === null || typeof value === "number") return value === null ? "" : String(value);
  const isFormula = /^[=+\-@\t\r]/.test(value) && !COORDINATES.test(value);
  const harmless = isFormula ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
