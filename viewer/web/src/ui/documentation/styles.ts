/** How are the views laid out? The drawing, and the tools beside it or, on a phone held upright, below it. */
import { css } from "lit";

import { low, narrow } from "../breakpoints";

export const documentationStyles = css`
  dialog {
    width: 100vw;
    height: 100dvh;
    max-width: none;
    max-height: none;
    margin: 0;
    padding: 0;
    border: 0;
    overflow: hidden;
    background: var(--ground);
    color: var(--ink);
    font: 400 16px/1.45 var(--sans);
  }
  .room {
    display: grid;
    grid-template: minmax(0, 1fr) / minmax(0, 1fr) 348px;
    width: 100%;
    height: 100%;
  }
  .drawing {
    position: relative;
    min-width: 0;
    min-height: 0;
    background: radial-gradient(120% 90% at 50% 42%, var(--ground-glow), var(--ground) 72%);
  }
  canvas,
  .drawing > svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  canvas {
    touch-action: none;
    cursor: grab;
  }
  canvas:active {
    cursor: grabbing;
  }
  canvas.line {
    cursor: crosshair;
  }
  canvas:focus-visible {
    outline: none;
    box-shadow: inset 0 0 0 3px var(--accent);
  }
  .drawing > svg {
    pointer-events: none;
  }
  .drawing line {
    stroke: var(--accent);
    stroke-width: 2.5;
    stroke-linecap: round;
  }
  .drawing line.halo {
    stroke: var(--ground);
    stroke-width: 5;
  }
  .drawing circle {
    fill: var(--accent);
    stroke: var(--panel-solid);
    stroke-width: 2;
  }
  .directions {
    position: absolute;
    top: max(14px, env(safe-area-inset-top));
    left: max(14px, env(safe-area-inset-left));
    max-width: calc(100% - 28px);
    display: flex;
    gap: 2px;
    padding: 4px;
    overflow-x: auto;
    scrollbar-width: none;
    border-radius: var(--radius);
    border: 1px solid var(--line);
    background: var(--panel-solid);
    box-shadow: var(--shadow);
  }
  .directions button {
    flex: none;
    padding: 0 12px;
  }
  .directions button.plain {
    padding: 0;
  }
  .ruler {
    position: absolute;
    left: 20px;
    bottom: 22px;
    padding-bottom: 5px;
    border: solid var(--ink-soft);
    border-width: 0 2px 2px;
    font-size: 0.84rem;
    text-align: center;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
    pointer-events: none;
    text-shadow:
      0 0 4px var(--ground),
      0 0 8px var(--ground);
  }
  .border {
    position: absolute;
    left: 0;
    right: 0;
    bottom: 64px;
    width: 100%;
    height: 44px;
    margin: 0;
    accent-color: var(--accent);
    cursor: ew-resize;
  }
  .sign {
    position: absolute;
    top: 84px;
    padding: 4px 12px;
    border-radius: 999px;
    background: var(--panel-solid);
    border: 1px solid var(--line);
    font-size: 0.86rem;
    pointer-events: none;
  }
  .sign.before {
    left: 20px;
  }
  .sign.after {
    right: 20px;
  }
  .tools {
    display: flex;
    flex-direction: column;
    min-height: 0;
    border-left: 1px solid var(--line);
    background: var(--panel-solid);
  }
  .head {
    display: flex;
    align-items: center;
    padding: 10px 10px 4px 20px;
  }
  .head h2 {
    flex: 1;
    font-size: 1.2rem;
  }
  .tabs {
    display: grid;
    grid-template-columns: 1fr 1fr 1fr;
    gap: 2px;
    padding: 4px 12px 8px;
    border-bottom: 1px solid var(--line);
  }
  .tabs button {
    padding: 0 4px;
    font-size: 0.9rem;
    line-height: 1.15;
  }
  button[aria-selected="true"] {
    background: var(--pressed);
    color: var(--pressed-ink);
  }
  .content {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
    scrollbar-width: thin;
    padding: 16px 20px max(20px, env(safe-area-inset-bottom));
    display: grid;
    grid-auto-rows: max-content; /* with little height, a drawing would be squeezed to a line */
    align-content: start;
    gap: 14px;
    font-size: 0.94rem;
  }
  .soft {
    color: var(--ink-soft);
  }
  .bad {
    color: var(--bad);
  }
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    display: grid;
    gap: 2px;
    min-width: 0;
  }
  legend {
    padding: 0 0 6px;
    font-weight: 600;
  }
  label.slider {
    display: grid;
    grid-template-columns: 1fr auto;
    column-gap: 10px;
    font-size: 0.88rem;
    color: var(--ink-soft);
  }
  label.slider output {
    color: var(--ink);
    font-variant-numeric: tabular-nums;
  }
  label.slider input {
    grid-column: 1 / -1;
    width: 100%;
    height: 30px;
    margin: 0;
    accent-color: var(--accent);
  }
  label.check {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 44px;
    font-weight: 600;
  }
  label.check input {
    width: 22px;
    height: 22px;
    accent-color: var(--accent);
  }
  fieldset > .row {
    margin-bottom: 10px;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .row > button {
    flex: 1 1 auto;
  }
  .coming {
    position: sticky;
    top: -16px; /* of a person who has scrolled to the time line, too */
    z-index: 1;
    padding: 10px 0;
    background: var(--panel-solid);
  }
  ol.line {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  ol.line li {
    position: relative;
  }
  ol.line li::before {
    content: "";
    position: absolute;
    left: 17px;
    top: 0;
    bottom: 0;
    border-left: 2px solid var(--line-strong);
  }
  ol.line li:first-child::before {
    top: 50%;
  }
  ol.line li:last-child::before {
    bottom: 50%;
  }
  ol.line button {
    width: 100%;
    min-height: 48px;
    padding: 4px 10px 4px 36px;
    display: grid;
    place-content: center start;
    justify-items: start;
    gap: 1px;
    text-align: start;
    line-height: 1.25;
    white-space: normal;
  }
  ol.line small {
    font-size: 0.82rem;
    color: var(--ink-soft);
    font-variant-numeric: tabular-nums;
  }
  ol.line button[aria-pressed="true"] small {
    color: inherit;
  }
  ol.line i {
    position: absolute;
    left: 11px;
    top: calc(50% - 7px);
    width: 14px;
    height: 14px;
    box-sizing: border-box;
    border: 2px solid var(--accent);
    border-radius: 50%;
    background: var(--accent);
  }
  ol.line .problem i {
    border-color: var(--bad);
    background: var(--panel-solid);
  }
  ol.line .scale i {
    border-color: var(--ink-soft);
    border-radius: 3px;
    background: var(--panel-solid);
  }
  ol.line .generation.gone i {
    background: var(--panel-solid);
    border-style: dashed;
  }
  .preview {
    border-radius: 10px;
    overflow: hidden;
    border: 1px solid var(--line);
    background: #fff;
  }
  .preview img {
    display: block;
    width: 100%;
  }
  progress {
    width: 100%;
    accent-color: var(--accent);
  }
  video {
    width: 100%;
    border-radius: 10px;
    background: #000;
  }
  @media ${narrow} {
    .room {
      grid-template: minmax(0, 1fr) minmax(0, 46dvh) / minmax(0, 1fr);
    }
    .tools {
      border-left: 0;
      border-top: 1px solid var(--line);
    }
    .head {
      padding: 4px 8px 0 16px;
    }
    .content {
      padding: 12px 16px max(16px, env(safe-area-inset-bottom));
    }
    .border {
      bottom: 52px;
    }
  }
  @media ${low} {
    .room {
      grid-template-columns: minmax(0, 1fr) min(320px, 48vw);
    }
    .head {
      padding: 2px 6px 0 14px;
    }
    /* one row, which scrolls: the height is for the tools */
    .tabs {
      display: flex;
      padding: 0 8px 4px;
      overflow-x: auto;
      scrollbar-width: none;
    }
    .tabs button {
      flex: none;
      padding: 0 10px;
      white-space: nowrap;
    }
    .content {
      padding: 10px 14px;
      gap: 10px;
    }
    .row > button {
      padding: 0 8px;
    }
    .sign {
      top: 74px;
    }
  }
`;
