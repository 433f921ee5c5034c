/** How are measurements drawn? SVG lines for two tapped points and the scale bar, with their lengths. */
import type { SVGTemplateResult } from "lit";
import { nothing, svg } from "lit";

import type { Vector } from "../../scene/framing";
import type { ShownBar } from "../../scene/scale";
import { plus } from "../../scene/scale";
import { moved } from "../../scene/similarity";
import type { Similarity } from "../../wire/contract";
import { fixed, length } from "../format";
import { t } from "../language/t";

type Place = readonly [number, number] | null;
type Project = (point: Vector) => Place;

/** At most two points, in shard coordinates. */
export class Measuring {
  points: readonly Vector[] = [];
  /** Whether the last tap met no point. */
  isMissed = false;

  /** A third tap replaces both points; null: there is no point at the place of the tap. */
  add(point: Vector | null): void {
    this.isMissed = point === null;
    if (point) this.points = this.points.length >= 2 ? [point] : [...this.points, point];
  }

  clear(): void {
    [this.points, this.isMissed] = [[], false];
  }

  /** Move the points with the world. */
  carry(nowFromBefore: Similarity): void {
    this.points = this.points.map((point) => moved(nowFromBefore, point));
  }

  /** The distance of the two points in world units; null until there are two. */
  get distance(): number | null {
    const [from, to] = this.points;
    return from && to ? Math.hypot(from[0] - to[0], from[1] - to[1], from[2] - to[2]) : null;
  }

  draw(project: Project, metresPerUnit: number | null, offset: Vector): SVGTemplateResult {
    const places = this.points.map(project);
    const ends = places.map((place) => (place ? svg`<circle cx=${place[0]} cy=${place[1]} r="6" />` : nothing));
    return svg`${line(places[0], places[1])}${ends}${this.words(places, metresPerUnit, offset)}`;
  }

  private words(
    places: readonly Place[],
    metresPerUnit: number | null,
    offset: Vector,
  ): SVGTemplateResult | typeof nothing {
    const [from, to] = places;
    const { distance } = this;
    if (from && to && distance !== null) return label("distance", between(from, to), length(distance, metresPerUnit));
    const point = this.points[0];
    if (!from || !point) return nothing;
    const [x, y, z] = plus(point, offset).map((value) => fixed(value * (metresPerUnit ?? 1), 3));
    const values = { x: x ?? "", y: y ?? "", z: z ?? "" };
    const words = t(metresPerUnit === null ? "measure.place" : "measure.place_m", values);
    return label("coordinates", [from[0], from[1] - 16], words);
  }
}

/** Draw the scale bar with a cross stroke at each end. */
export function drawBar({ begin, distanceM, end }: ShownBar, project: Project): SVGTemplateResult {
  const [from, to] = [project(begin), project(end)];
  if (!from || !to) return svg``;
  const lengthPx = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const across = [(-8 * (to[1] - from[1])) / lengthPx, (8 * (to[0] - from[0])) / lengthPx] as const;
  const stroke = ([x, y]: readonly [number, number]): SVGTemplateResult | typeof nothing =>
    line([x - across[0], y - across[1]], [x + across[0], y + across[1]]);
  return svg`<g class="bar">
    ${line(from, to)}${stroke(from)}${stroke(to)}
    ${label("scale-bar", between(from, to), length(distanceM, 1))}
  </g>`;
}

function line(from: Place | undefined, to: Place | undefined): SVGTemplateResult | typeof nothing {
  return from && to ? svg`<line x1=${from[0]} y1=${from[1]} x2=${to[0]} y2=${to[1]} />` : nothing;
}

function label(testid: string, [x, y]: readonly [number, number], words: string): SVGTemplateResult {
  return svg`<text data-testid=${testid} x=${x} y=${y}>${words}</text>`;
}

function between(from: readonly [number, number], to: readonly [number, number]): readonly [number, number] {
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 - 14];
}
