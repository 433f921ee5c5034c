/** How is a profile drawn? As SVG with both axes at the same scale and lines at round lengths. */
import type { Profile } from "../../scene/documentation/profile";
import { rulerOf } from "../../scene/scale";
import { unitRuler } from "../annotations/units";
import { length } from "../format";
import type { Part } from "./snapshot";
import { v } from "./words";

const WIDTH_PX = 900;
const MARGIN_PX = 56;
const MOST_HEIGHT_PX = 640;
const LEAST_HEIGHT_PX = 120;
const LINE_EVERY_PX = 120;

interface Plot {
  readonly width: number;
  readonly height: number;
  readonly pxPerUnit: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The profile as an SVG file: how far along the line to the right, how far towards who looks upwards. */
export function profileSvg(profile: Profile, metresPerUnit: number | null, part: Part | null): string {
  const plot = plotOf(profile);
  const { height, highest, pxPerUnit, width } = plot;
  const dots = profile.points.map(({ along, rgb, toward }) => {
    const [x, y] = [MARGIN_PX + along * pxPerUnit, MARGIN_PX + (highest - toward) * pxPerUnit];
    const colour = rgb.map((part) => part.toString(16).padStart(2, "0")).join("");
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="1.3" fill="#${colour}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="14">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...lines(plot, profile.length, metresPerUnit),
    ...dots,
    ...(part ? [`<text x="${MARGIN_PX}" y="${MARGIN_PX / 2}">${v("caption.part", { ...part })}</text>`] : []),
    "</svg>",
  ].join("\n");
}

function plotOf({ length: along, points }: Profile): Plot {
  const depths = points.map(({ toward }) => toward);
  let [lowest, highest] = [Infinity, -Infinity];
  for (const depth of depths) [lowest, highest] = [Math.min(lowest, depth), Math.max(highest, depth)];
  if (points.length === 0) [lowest, highest] = [0, 0];
  const inner = WIDTH_PX - 2 * MARGIN_PX;
  const pxPerUnit = Math.min(inner / along, (MOST_HEIGHT_PX - 2 * MARGIN_PX) / Math.max(1e-9, highest - lowest));
  const height = Math.max(LEAST_HEIGHT_PX, (highest - lowest) * pxPerUnit) + 2 * MARGIN_PX;
  return { width: WIDTH_PX, height: Math.ceil(height), pxPerUnit, lowest, highest };
}

/** Lines at round lengths along both axes, with words. */
function lines(plot: Plot, along: number, metresPerUnit: number | null): string[] {
  const { height, highest, lowest, pxPerUnit, width } = plot;
  const unit = metresPerUnit ?? 1;
  const step = (metresPerUnit === null ? rulerOf : unitRuler)(unit / pxPerUnit, LINE_EVERY_PX)?.metres ?? unit;
  const words = (value: number): string =>
    metresPerUnit === null ? String(Number(value.toPrecision(3))) : length(value, 1);
  const drawn: string[] = [];
  for (let each = 0; each * step <= along * unit; each += 1) {
    const x = (MARGIN_PX + ((each * step) / unit) * pxPerUnit).toFixed(1);
    drawn.push(`<path d="M${x} ${MARGIN_PX}V${height - MARGIN_PX}" stroke="#ccc"/>`);
    drawn.push(`<text x="${x}" y="${height - MARGIN_PX + 22}" text-anchor="middle">${words(each * step)}</text>`);
  }
  for (let each = 0; each * step <= (highest - lowest) * unit; each += 1) {
    const y = (MARGIN_PX + (highest - lowest - (each * step) / unit) * pxPerUnit).toFixed(1);
    drawn.push(`<path d="M${MARGIN_PX} ${y}H${width - MARGIN_PX}" stroke="#ccc"/>`);
    if (each > 0) drawn.push(`<text x="6" y="${Number(y) + 5}">${words(each * step)}</text>`);
  }
  return drawn;
}
