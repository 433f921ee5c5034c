/** How do the panel of coverage and the line of advice look? */
import { css } from "lit";

import { CARD_SHARE, LOW_RAIL_PX, RULER_LEFT_PX, TOOLS_PX, low, narrow, px, share } from "../breakpoints";

export const coverageStyles = css`
  .panel {
    position: absolute;
    left: 24px;
    bottom: calc(max(24px, env(safe-area-inset-bottom)) + 122px);
    width: 372px;
    max-height: calc(100% - 258px);
    box-sizing: border-box;
    overflow-y: auto;
    scrollbar-width: thin;
    padding: 16px 18px;
    border-radius: 20px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    font-size: 0.92rem;
    line-height: 1.45;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
  }
  h2 {
    margin: 0;
    font: 600 1.25rem/1.2 var(--serif);
  }
  h3 {
    margin: 16px 0 8px;
    font-size: 0.94rem;
    font-weight: 600;
  }
  p {
    margin: 0;
  }
  label {
    display: grid;
    gap: 4px;
    margin-top: 8px;
    color: var(--ink-soft);
    font-size: 0.85rem;
  }
  .ramp {
    height: 10px;
    margin: 12px 0 4px;
    border-radius: 5px;
  }
  .ends {
    display: flex;
    justify-content: space-between;
    gap: 16px;
    color: var(--ink-soft);
    font-size: 0.82rem;
  }
  .ends span:last-child {
    text-align: right;
  }
  .hole {
    display: flex;
    align-items: center;
    gap: 8px;
    margin-top: 6px;
    color: var(--ink-soft);
    font-size: 0.82rem;
  }
  .hole i {
    width: 12px;
    height: 12px;
    border: 2px solid rgb(230 40 90);
  }
  ol,
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
    display: grid;
    gap: 12px;
  }
  .place {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 6px 12px;
  }
  .place > div {
    display: grid;
    gap: 3px;
  }
  .place strong {
    font-weight: 600;
  }
  .number {
    display: grid;
    place-items: center;
    width: 26px;
    height: 26px;
    border-radius: 50%;
    background: #ffb020;
    color: #1d1709;
    font-weight: 700;
    font-size: 0.85rem;
  }
  .soft {
    color: var(--ink-soft);
  }
  .picture {
    position: relative;
    width: fit-content;
    margin-top: 4px;
  }
  .picture cairn-photo {
    display: block;
    width: 160px;
    height: auto;
    border-radius: 8px;
    overflow: hidden;
  }
  .picture i {
    position: absolute;
    width: 26px;
    height: 26px;
    margin: -15px;
    border: 3px solid #ffb020;
    border-radius: 50%;
    box-shadow:
      0 0 0 1px #000,
      inset 0 0 0 1px #000;
  }
  .place .quiet,
  .unplaced .quiet {
    justify-self: start;
  }
  .badge {
    position: absolute;
    left: 0;
    top: 0;
    margin: -34px -13px;
    pointer-events: none;
    box-shadow: 0 1px 4px rgb(0 0 0 / 60%);
  }
  .badge[hidden] {
    display: none; /* of a place behind the viewer: a number is a grid, which hides nothing */
  }
  /* in the strip below the object, between the row of stones and the panel, above the ruler */
  .line {
    position: absolute;
    left: ${px(RULER_LEFT_PX)};
    bottom: 66px;
    max-width: min(440px, calc(100% - ${px(RULER_LEFT_PX + 16)} - var(--panel-room, 0px)));
    display: flex;
    align-items: center;
    justify-content: flex-start;
    gap: 12px;
    box-sizing: border-box;
    min-height: 52px;
    padding: 6px 16px 6px 12px;
    border-radius: 16px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    color: var(--ink);
    font: inherit;
    font-size: 0.9rem;
    line-height: 1.3;
    text-align: left;
  }
  .line span {
    display: block;
    min-width: 0;
  }
  .line b {
    display: block;
    font-weight: 600;
  }
  .arrow {
    flex: none;
    width: 30px;
    height: 30px;
    fill: none;
    stroke: var(--accent);
    stroke-width: 2.4;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  @media ${narrow} {
    .panel {
      left: 12px;
      right: 12px;
      bottom: calc(144px + env(safe-area-inset-bottom));
      width: auto;
      max-height: ${share(CARD_SHARE)};
    }
    .line {
      left: 12px;
      right: 12px;
      bottom: calc(144px + env(safe-area-inset-bottom));
      max-width: none;
    }
  }
  /* the tools reach down to here */
  @media ${narrow} and (max-height: 750px) {
    .line {
      right: ${px(TOOLS_PX + 16)};
    }
  }
  @media ${low} {
    .line {
      left: calc(max(12px, env(safe-area-inset-left)) + ${px(LOW_RAIL_PX + 8)});
      right: calc(max(8px, env(safe-area-inset-right)) + var(--tools) + 60px);
      bottom: 8px;
      max-width: none;
      padding: 2px 14px 2px 10px;
      font-size: 0.82rem;
    }
    .line span,
    .line b {
      overflow: hidden;
      white-space: nowrap;
      text-overflow: ellipsis;
    }
    .panel {
      left: max(12px, env(safe-area-inset-left));
      bottom: 58px;
      width: min(316px, calc(100% - ${px(2 * TOOLS_PX)}));
      max-height: calc(100% - 124px);
    }
  }
`;
