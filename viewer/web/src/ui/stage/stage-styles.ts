/** Which styles have the canvas and its overlay? The style sheet of `<cairn-stage>`. */
import { css } from "lit";

import { RULER_LEFT_PX, low, narrow, px } from "../breakpoints";

export const stageStyles = css`
  :host,
  canvas,
  svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  canvas {
    touch-action: none;
    outline: none;
    cursor: grab;
  }
  canvas:active {
    cursor: grabbing;
  }
  canvas.lost {
    visibility: hidden;
  }
  canvas.pointing {
    cursor: pointer;
  }
  canvas.measuring {
    cursor: crosshair;
  }
  canvas[data-tabbed] {
    box-shadow: inset 0 0 0 3px var(--accent);
  }
  svg {
    pointer-events: none;
  }
  line {
    stroke: var(--accent);
    stroke-width: 2;
    stroke-linecap: round;
  }
  .bar line {
    stroke: var(--ink);
    stroke-width: 2.5;
  }
  .ruler {
    position: absolute;
    left: var(--ruler-left, ${px(RULER_LEFT_PX)});
    bottom: var(--ruler-bottom, 30px);
    padding-bottom: 5px;
    border: solid var(--ink-soft);
    border-width: 0 2px 2px;
    color: var(--ink);
    font-size: 0.84rem;
    text-align: center;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
    text-shadow:
      0 0 4px var(--ground),
      0 0 8px var(--ground);
    pointer-events: none;
  }
  @media ${narrow} {
    .ruler {
      left: 20px;
      bottom: var(--ruler-bottom, 148px);
    }
  }
  @media ${low} {
    .ruler {
      left: 20px;
      bottom: 62px;
    }
  }
  circle {
    fill: var(--accent);
    stroke: var(--panel-solid);
    stroke-width: 2;
  }
  text {
    fill: var(--ink);
    font: 600 15px var(--sans);
    text-anchor: middle;
    paint-order: stroke;
    stroke: var(--ground);
    stroke-width: 5;
    stroke-linejoin: round;
  }
`;
