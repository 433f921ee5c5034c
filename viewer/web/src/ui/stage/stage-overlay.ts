/** What is drawn over the canvas in SVG and HTML? The scale bar, the measurement and the ruler. */
import type { SVGTemplateResult, TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { Stage } from "../../render/stage";
import type { Vector } from "../../scene/framing";
import { shownBar } from "../../scene/scale";
import type { ProjectState } from "../../scene/state";
import type { WorldFrame } from "../../wire/contract";
import { unitRuler } from "../annotations/units";
import { length } from "../format";
import type { Measuring } from "../overlay/measuring";
import { drawBar } from "../overlay/measuring";

/** What draws over the canvas and may take taps: measures and notes, once their code is loaded. */
export interface StageLayer {
  /** Whether taps set points. */
  readonly isTapped: boolean;
  readonly isEmpty: boolean;
  tap(point: Vector | null): void;
  draw(project: (point: Vector) => readonly [number, number] | null): SVGTemplateResult;
}

export interface Overlaid {
  readonly stage: Stage | null;
  readonly project: ProjectState | null;
  readonly measuring: Measuring;
  readonly isMeasuring: boolean;
  readonly layer: StageLayer | null;
}

const MOST_RULER_PX = 130;

/** The coordinate frame of the generation on screen. */
export function frameOf(project: ProjectState | null): WorldFrame | null {
  return project?.scene.shown?.manifest.frame ?? null;
}

/** Whether anything over the canvas must follow the view. */
export function hasOverlay({ layer, measuring, project }: Overlaid): boolean {
  const frame = frameOf(project);
  const isScaled = frame !== null && frame.metres_per_unit !== null;
  return measuring.points.length > 0 || isScaled || layer?.isEmpty === false || Boolean(project?.scaleBar);
}

/** The content of the SVG over the canvas. */
export function overlayLines(overlaid: Overlaid): TemplateResult | typeof nothing {
  const { isMeasuring, layer, measuring, project, stage } = overlaid;
  const frame = frameOf(project);
  if (!stage || !frame || !project) return nothing;
  const place = (point: Vector): readonly [number, number] | null => stage.project(point);
  const bar = shownBar(project.scaleBar, project.scene.shown);
  const measure = isMeasuring ? measuring.draw(place, frame.metres_per_unit, frame.offset) : nothing;
  return html`${layer?.draw(place) ?? nothing}${bar ? drawBar(bar, place) : nothing}${measure}`;
}

/** The ruler with a round length; nothing while the scale is unknown. */
export function ruler(stage: Stage | null, frame: WorldFrame | null): TemplateResult | typeof nothing {
  const metres = frame?.metres_per_unit ?? null;
  const units = metres === null ? null : stage?.unitsPerPx;
  const found = metres && units ? unitRuler(metres * units, MOST_RULER_PX) : null;
  if (!found) return nothing;
  const words = length(found.metres, 1);
  return html`<div class="ruler" data-testid="ruler" .style=${`width:${found.widthPx}px`}>${words}</div>`;
}
