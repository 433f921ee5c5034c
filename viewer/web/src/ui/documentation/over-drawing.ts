/** What lies over a drawing? The directions of view, a ruler, the line of a profile and the border between versions. */
import type { SVGTemplateResult, TemplateResult } from "lit";
import { html, nothing, svg } from "lit";

import type { Direction } from "../../scene/documentation/axes";
import { DIRECTIONS } from "../../scene/documentation/axes";
import type { Place, ProfileLine } from "../../scene/documentation/profile";
import { unitRuler } from "../annotations/units";
import { length } from "../format";
import { fitIcon } from "../icons";
import { v } from "./words";

export interface OverDrawing {
  readonly direction: Direction;
  readonly line: ProfileLine | null;
  /** Where the earlier version ends, as a share of the width; null: there is none. */
  readonly border: number | null;
  readonly metresPerPx: number | null;
  /** A place of the view on the canvas, in CSS pixels. */
  readonly place: (place: Place) => Place;
  readonly onDirection: (direction: Direction) => void;
  readonly onWhole: () => void;
  readonly onBorder: (border: number) => void;
}

const MOST_RULER_PX = 130;

export function overDrawing(over: OverDrawing): TemplateResult {
  const { border, line, metresPerPx, place } = over;
  return html`<svg aria-hidden="true">
      ${line ? drawnLine(place(line.begin), place(line.end)) : nothing}
      ${border === null ? nothing : drawnBorder(border)}</svg
    >${directions(over)} ${ruler(metresPerPx)} ${border === null ? nothing : slider(border, over.onBorder)}`;
}

function drawnLine([x1, y1]: Place, [x2, y2]: Place): SVGTemplateResult {
  return svg`<line class="halo" x1=${x1} y1=${y1} x2=${x2} y2=${y2}></line>
    <line x1=${x1} y1=${y1} x2=${x2} y2=${y2}></line>
    <circle cx=${x1} cy=${y1} r="5"></circle><circle cx=${x2} cy=${y2} r="5"></circle>`;
}

function drawnBorder(border: number): SVGTemplateResult {
  const x = `${100 * border}%`;
  return svg`<line class="halo" x1=${x} y1="0" x2=${x} y2="100%"></line><line x1=${x} y1="0" x2=${x} y2="100%"></line>`;
}

function directions({ direction, onDirection, onWhole }: OverDrawing): TemplateResult {
  return html`<div class="directions" role="group" aria-label=${v("directions")}>
    ${DIRECTIONS.map(
      (each) =>
        html`<button
          data-testid="direction-${each}"
          aria-pressed=${each === direction}
          @click=${() => {
            onDirection(each);
          }}
        >
          ${v(`direction.${each}`)}
        </button>`,
    )}
    <button class="plain" data-testid="whole" aria-label=${v("whole")} title=${v("whole")} @click=${onWhole}>
      ${fitIcon}
    </button>
  </div>`;
}

function ruler(metresPerPx: number | null): TemplateResult | typeof nothing {
  const found = metresPerPx === null ? null : unitRuler(metresPerPx, MOST_RULER_PX);
  if (!found) return nothing;
  return html`<div class="ruler" data-testid="drawing-ruler" .style=${`width:${found.widthPx}px`}>
    ${length(found.metres, 1)}
  </div>`;
}

function slider(border: number, onBorder: (border: number) => void): TemplateResult {
  return html`<span class="sign before">${v("versions.before")}</span
    ><span class="sign after">${v("versions.after")}</span>
    <input
      class="border"
      type="range"
      data-testid="border"
      aria-label=${v("versions.border")}
      min="0"
      max="1"
      step="0.005"
      .value=${String(border)}
      @input=${(event: InputEvent) => {
        onBorder((event.currentTarget as HTMLInputElement).valueAsNumber);
      }}
    />`;
}
