/** How long is it from here to there? Two tapped points, their line on screen and the words beside it. */
import type { SVGTemplateResult } from "lit";
import { nothing, svg } from "lit";

import type { Vector } from "../scene/framing";
import { length } from "./format";

type Project = (point: Vector) => readonly [number, number] | null;

/** At most two points of the world, relative to the frame's offset. */
export class Measuring {
  points: readonly Vector[] = [];

  /** A third tap begins anew. */
  add(point: Vector): void {
    this.points = this.points.length >= 2 ? [point] : [...this.points, point];
  }

  clear(): void {
    this.points = [];
  }

  /** In world units; null until there are two points. */
  get distance(): number | null {
    const [from, to] = this.points;
    return from && to ? Math.hypot(from[0] - to[0], from[1] - to[1], from[2] - to[2]) : null;
  }

  draw(project: Project, metresPerUnit: number | null, offset: Vector): SVGTemplateResult {
    const places = this.points.map(project);
    const [from, to] = places;
    const line = from && to ? svg`<line x1=${from[0]} y1=${from[1]} x2=${to[0]} y2=${to[1]} />` : nothing;
    const ends = places.map((place) => (place ? svg`<circle cx=${place[0]} cy=${place[1]} r="6" />` : nothing));
    return svg`${line}${ends}${this.words(places, metresPerUnit, offset)}`;
  }

  private words(
    places: readonly (readonly [number, number] | null)[],
    metresPerUnit: number | null,
    offset: Vector,
  ): SVGTemplateResult | typeof nothing {
    const [from, to] = places;
    const { distance } = this;
    if (from && to && distance !== null) {
      const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 - 14];
      return svg`<text data-testid="distance" x=${x} y=${y}>${length(distance, metresPerUnit)}</text>`;
    }
    const point = this.points[0];
    if (!from || !point) return nothing;
    const place = point.map((value, axis) => (value + (offset[axis] ?? 0)).toFixed(3)).join("  ");
    return svg`<text data-testid="coordinates" x=${from[0]} y=${from[1] - 16}>${place}</text>`;
  }
}
