/** How are measures and notes drawn over the object? SVG lines, outlines and labels; points that a finger can take. */
import type { SVGTemplateResult } from "lit";
import { css, nothing, svg } from "lit";

import type { Kind } from "../../scene/annotations/annotation";
import { plumb } from "../../scene/annotations/geometry";
import type { Vector } from "../../scene/framing";

export type Place = readonly [number, number] | null;

export interface Drawn {
  readonly kind: Kind;
  /** In the coordinates of the shards. */
  readonly points: readonly Vector[];
  readonly label: string;
  readonly up: Vector;
  readonly isSelected: boolean;
  /** Called when a point is pressed: the point's number. */
  readonly onPress: (event: PointerEvent, at: number) => void;
}

const LONGEST_LABEL = 24;

/** What the canvas's overlay looks like while there are measures and notes. */
export const drawingStyles = css`
  .left line,
  .left polyline,
  .left polygon {
    fill: none;
    stroke: var(--accent);
    stroke-width: 2;
    stroke-linejoin: round;
    paint-order: stroke;
  }
  .left polygon {
    fill: var(--accent);
    fill-opacity: 0.16;
  }
  .left line.part {
    stroke-width: 1.5;
    stroke-dasharray: 4 4;
  }
  .left.chosen line:not(.part),
  .left.chosen polyline,
  .left.chosen polygon {
    stroke-width: 3;
  }
  .left text {
    font-size: 14px;
  }
  .left:not(.chosen) text {
    font-weight: 500;
  }
  .left circle.dot {
    stroke-width: 1.5;
  }
  .left circle.grip {
    fill: transparent;
    stroke: none;
    pointer-events: all;
    cursor: pointer;
    touch-action: none;
  }
  .left.chosen circle.grip {
    cursor: grab;
  }
  .still circle.grip {
    pointer-events: none;
  }
  .loupe {
    position: absolute;
    width: 136px;
    height: 136px;
    border-radius: 50%;
    border: 3px solid var(--accent);
    background: var(--ground);
    box-shadow: var(--shadow);
    pointer-events: none;
    z-index: 3;
  }
`;

export function drawAnnotation(drawn: Drawn, project: (point: Vector) => Place): SVGTemplateResult {
  const { isSelected, kind, label, onPress, points, up } = drawn;
  const places = points.map(project);
  const seen = places.filter((place) => place !== null);
  const middle = middleOf(kind, seen);
  return svg`<g class=${isSelected ? "left chosen" : "left"} data-testid="left-${kind}">
    ${outline(kind, places)}
    ${isSelected || kind === "height" ? parts(kind, points, up, project) : nothing}
    ${places.map((place, at) => (place ? point(place, at, isSelected, onPress) : nothing))}
    ${middle ? svg`<text x=${middle[0]} y=${middle[1] - 14}>${shortened(label)}</text>` : nothing}
  </g>`;
}

function point(
  [x, y]: readonly [number, number],
  at: number,
  isSelected: boolean,
  onPress: Drawn["onPress"],
): SVGTemplateResult {
  return svg`<circle class="dot" cx=${x} cy=${y} r=${isSelected ? 7 : 4.5} /><circle
    class="grip"
    cx=${x}
    cy=${y}
    r="20"
    @pointerdown=${(event: PointerEvent) => {
      onPress(event, at);
    }}
  />`;
}

/** The lines between the points. A height is drawn by its parts alone. */
function outline(kind: Kind, places: readonly Place[]): SVGTemplateResult | typeof nothing {
  if (kind === "height" || kind === "note" || places.length < 2) return nothing;
  const seen = places.filter((place) => place !== null);
  if (seen.length < places.length) return nothing;
  const path = seen.map((place) => place.join(",")).join(" ");
  return kind === "area" ? svg`<polygon points=${path} />` : svg`<polyline points=${path} />`;
}

/** The vertical and the horizontal part between two points. */
function parts(
  kind: Kind,
  [first, second]: readonly Vector[],
  up: Vector,
  project: (point: Vector) => Place,
): SVGTemplateResult | typeof nothing {
  if ((kind !== "distance" && kind !== "height") || !first || !second) return nothing;
  const [from, corner, to] = [first, plumb(first, second, up), second].map(project);
  if (!from || !corner || !to) return nothing;
  const upright = kind === "height" ? "" : "part";
  return svg`<line class=${upright} x1=${from[0]} y1=${from[1]} x2=${corner[0]} y2=${corner[1]} />
    <line class="part" x1=${corner[0]} y1=${corner[1]} x2=${to[0]} y2=${to[1]} />`;
}

function middleOf(kind: Kind, places: readonly (readonly [number, number])[]): readonly [number, number] | null {
  const apex = places[1];
  if (kind === "angle" && apex) return apex;
  if (places.length === 0) return null;
  const mean = (axis: 0 | 1): number => places.reduce((sum, place) => sum + place[axis], 0) / places.length;
  return [mean(0), mean(1)];
}

function shortened(label: string): string {
  const signs = Array.from(label);
  return signs.length > LONGEST_LABEL ? `${signs.slice(0, LONGEST_LABEL - 1).join("")}…` : label;
}
