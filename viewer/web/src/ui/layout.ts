/** How is the page laid out? Desktop: panels over the canvas. Phone: a top bar, a tool column, a bottom sheet. */
import { css } from "lit";

import {
  LOW_PANEL_PX,
  LOW_PANEL_SHARE,
  LOW_RAIL_PX,
  PANEL_PX,
  RULER_BESIDE_PANEL_PX,
  TABLET_PX,
  TOOLS_IN_TWO_PX,
  TOOLS_PX,
  low,
  narrow,
  px,
  share,
  wide,
} from "./breakpoints";

export const layout = css`
  :host {
    display: block;
    position: relative;
    width: 100%;
    height: 100%;
    overflow: hidden;
    color: var(--ink);
    font: 400 16px/1.45 var(--sans);
    background: radial-gradient(120% 90% at 50% 42%, var(--ground-glow), var(--ground) 72%);
    transition: background 0.3s ease;
    -webkit-tap-highlight-color: transparent;
  }
  .top {
    position: absolute;
    top: max(20px, env(safe-area-inset-top));
    left: 24px;
    right: 24px;
    display: flex;
    align-items: flex-start;
    gap: 18px;
    pointer-events: none;
    isolation: isolate;
  }
  .top::before {
    content: ""; /* keeps text readable in front of the object */
    position: absolute;
    inset: -24px -24px -36px;
    z-index: -1;
    background: var(--ground);
    opacity: 0.9;
    mask: linear-gradient(#000 62%, transparent);
  }
  .top > * {
    pointer-events: auto;
  }
  .title {
    display: flex;
    align-items: center;
    gap: 14px;
    min-width: 0;
  }
  .title .mark {
    width: 42px;
    height: 42px;
    fill: var(--accent);
    flex: none;
  }
  .title > div {
    min-width: 0;
  }
  h1 {
    font: 600 1.6rem/1.15 var(--serif);
    letter-spacing: 0.005em;
    margin: 0;
  }
  h1,
  .counts,
  .switch span {
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .choose,
  .watchers,
  .tools {
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
  }
  .switch {
    max-width: calc(100% + 14px);
    margin: -8px 0 -6px -14px;
    padding-right: 6px;
    font: inherit;
    letter-spacing: inherit;
  }
  .switch .icon {
    width: 18px;
    height: 18px;
    color: var(--ink-soft);
  }
  .choose {
    display: grid;
    justify-items: center;
    gap: 18px;
    padding: 30px;
    border-radius: 22px;
    box-shadow: var(--shadow);
  }
  .choose h2,
  dialog h2 {
    font-size: 1.4rem;
  }
  .counts {
    color: var(--ink-soft);
    font-size: 0.9rem;
    font-variant-numeric: tabular-nums;
    margin-top: 3px;
  }
  .counts span + span::before {
    content: "·";
    margin: 0 0.45em;
  }
  .standing {
    display: flex;
    gap: 8px;
    align-items: center;
    margin-top: 5px;
  }
  .watchers {
    display: inline-flex;
    align-items: center;
    gap: 7px;
    min-height: 34px;
    padding: 0 12px;
    border-radius: 999px;
    color: var(--ink-soft);
    font-size: 0.88rem;
    white-space: nowrap;
  }
  .watchers .icon {
    width: 17px;
    height: 17px;
  }
  .tools {
    margin-left: auto;
    display: flex;
    gap: 2px;
    padding: 4px;
    border-radius: var(--radius);
    box-shadow: var(--shadow);
  }
  .middle {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: safe center;
    overflow-y: auto;
    scrollbar-width: thin;
    pointer-events: none;
    animation: appear 0.6s ease 0.25s both;
  }
  :host(:is([link="none"], [link="refused"])) .middle {
    padding-block: 12px;
    animation: none; /* what somebody reads or fills in does not vanish, not even for a moment */
  }
  .middle > :not(cairn-notice),
  .middle > cairn-notice > * {
    pointer-events: auto; /* a notice is as wide as a phone and lies over the tools: only its buttons take a tap */
  }
  .toast {
    position: absolute;
    left: 50%;
    bottom: 150px;
    translate: -50% 0;
    display: flex;
    align-items: center;
    gap: 10px;
    max-width: min(560px, calc(100% - 32px));
    padding: 12px 18px;
    border-radius: 14px;
    background: var(--panel-solid);
    border: 1px solid var(--line-strong);
    box-shadow: var(--shadow);
    font-size: 0.94rem;
    animation: appear 0.3s ease;
  }
  .toast.bad {
    color: var(--bad);
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }

  @media (max-width: ${px(TABLET_PX)}) {
    .counts span:nth-child(n + 3) {
      display: none;
    }
    .tools {
      gap: 0;
      padding: 2px;
    }
  }
  /* tools beside a title that stays whole: what is going on stands below it */
  @media ${wide} and (max-width: ${px(TABLET_PX)}) {
    .top {
      display: grid;
      grid-template: auto auto / minmax(0, 1fr) auto;
      gap: 0 18px;
    }
    .tools {
      grid-area: 1 / 2 / span 2;
      align-self: start;
    }
  }
  @media ${wide} {
    :host([panel="open"]) {
      --panel-room: ${px(PANEL_PX)};
    }
    :host([panel="open"]:not([link="none"])) .middle {
      right: ${px(PANEL_PX)};
    }
  }
  @media ${wide} and (max-width: ${px(RULER_BESIDE_PANEL_PX)}) {
    :host([panel="open"]) {
      --ruler-left: 30px;
      --ruler-bottom: 126px;
    }
  }
  @media ${narrow} {
    :host([advised="true"]) {
      --ruler-bottom: 222px;
      --foot: 222px;
    }
    .top {
      left: 16px;
      right: 16px;
      top: max(14px, env(safe-area-inset-top));
      bottom: calc(var(--foot, 140px) + env(safe-area-inset-bottom)); /* where the closed sheet begins */
      gap: 8px;
    }
    .top::before {
      bottom: auto;
      height: 112px;
    }
    .title {
      flex: 1 1 0;
      gap: 10px;
    }
    .title .mark {
      width: 34px;
      height: 34px;
    }
    h1 {
      font-size: 1.28rem;
    }
    .counts {
      font-size: 0.84rem;
    }
    .standing {
      margin-top: 0;
    }
    .watchers {
      padding: 0 10px;
    }
    .watchers .words {
      display: none;
    }
    .tools {
      position: absolute;
      top: 58px;
      right: 0;
      max-height: max(calc(100% - 58px), 112px);
      flex-direction: column;
      gap: 0;
      overflow-y: auto; /* a short phone has no room for all of them */
      scrollbar-width: none;
    }
    /* the sheet or a card takes the height: a row above the object */
    :host([panel="open"]) .tools,
    :host([card="open"]) .tools {
      flex-direction: row;
      max-height: none;
      max-width: 100%;
      overflow-x: auto;
      scrollbar-width: none;
    }
    .tools button {
      flex: none;
    }
    .tools .panel,
    .tools button:disabled {
      display: none; /* notices in the middle need the space */
    }
    .toast {
      bottom: 156px;
      width: max-content;
    }
    .middle {
      padding-bottom: 130px;
    }
  }
  @media (max-width: 430px) {
    .title .mark {
      display: none;
    }
  }
  @media ${low} {
    :host {
      --tools: ${px(TOOLS_IN_TWO_PX)};
    }
    :host([panel="open"]),
    :host([card="open"]) {
      --tools: ${px(TOOLS_PX)};
    }
    :host([advised="true"]) {
      --rail-room: ${px(LOW_RAIL_PX)};
    }
    .top {
      top: 8px;
      left: max(14px, env(safe-area-inset-left));
      right: max(8px, env(safe-area-inset-right));
      bottom: 8px;
      gap: 10px;
      padding-right: var(--tools);
    }
    .top::before {
      inset: -8px -8px auto -14px;
      height: 84px;
    }
    .title .mark {
      width: 30px;
      height: 30px;
    }
    h1 {
      font-size: 1.15rem;
    }
    .counts {
      font-size: 0.82rem;
      margin-top: 0;
    }
    .tools {
      position: absolute;
      top: 0;
      right: 0;
      max-height: 100%;
      display: grid;
      grid-template-rows: repeat(6, auto);
      grid-auto-flow: column;
      gap: 0;
      overflow-y: auto;
      scrollbar-width: none;
    }
    /* panel or card take the width: one column, which scrolls */
    :host([panel="open"]) .tools,
    :host([card="open"]) .tools {
      display: flex;
      flex-direction: column;
    }
    .tools button {
      flex: none;
    }
    .middle {
      padding: 8px var(--tools) 8px 14px;
    }
    :host([link="none"]) .middle {
      padding: 8px;
    }
    :host([panel="open"]:not([link="none"])) .middle {
      right: min(${px(LOW_PANEL_PX)}, ${share(LOW_PANEL_SHARE)});
    }
    .toast {
      bottom: 62px;
    }
    .choose {
      padding: 16px 22px;
      gap: 10px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    :host {
      animation: none !important;
      transition: none !important;
    }
  }
`;
