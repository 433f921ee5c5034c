/** Where does everything stand? Desktop: panels over a full canvas. Phone: a bar, a column of tools, a bottom sheet. */
import { css } from "lit";

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
  canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    touch-action: none;
    outline: none;
    cursor: grab;
  }
  canvas:active {
    cursor: grabbing;
  }
  canvas.measuring {
    cursor: crosshair;
  }
  canvas:focus-visible {
    box-shadow: inset 0 0 0 3px var(--accent);
  }
  .overlay {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    pointer-events: none;
    overflow: visible;
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
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .counts {
    color: var(--ink-soft);
    font-size: 0.9rem;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
    margin-top: 3px;
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
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
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
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
  }
  .rail {
    position: absolute;
    left: 24px;
    bottom: max(24px, env(safe-area-inset-bottom));
    width: min(440px, calc(100% - 48px));
    padding: 16px 20px 12px;
    border-radius: 20px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
  }
  .panel {
    position: absolute;
    top: 92px;
    right: 24px;
    bottom: 24px;
    width: 360px;
    display: flex;
    flex-direction: column;
    border-radius: 20px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    overflow: hidden;
    transition:
      translate 0.42s cubic-bezier(0.22, 1, 0.36, 1),
      opacity 0.3s ease,
      visibility 0.42s;
  }
  .panel.closed {
    translate: 32px 0;
    opacity: 0;
    visibility: hidden;
  }
  .tabs {
    display: flex;
    padding: 8px 8px 0;
    border-bottom: 1px solid var(--line);
  }
  .tabs button {
    flex: 1;
    border-radius: 12px 12px 0 0;
    padding: 0 8px;
    color: var(--ink-soft);
    border-bottom: 2px solid transparent;
  }
  .tabs button[aria-selected="true"] {
    color: var(--ink);
    border-bottom-color: var(--accent);
    font-weight: 600;
  }
  .content {
    flex: 1;
    overflow-y: auto;
    overscroll-behavior: contain;
    padding: 18px 20px 22px;
    scrollbar-width: thin;
  }
  .middle {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    pointer-events: none;
    animation: appear 0.6s ease 0.25s both;
  }
  .middle > * {
    pointer-events: auto;
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
  .drop {
    position: absolute;
    inset: 16px;
    border: 2px dashed var(--accent);
    border-radius: 24px;
    background: color-mix(in srgb, var(--accent) 10%, transparent);
    display: grid;
    place-items: center;
    pointer-events: none;
    font: 600 1.6rem var(--serif);
  }
  .measure-line {
    stroke: var(--accent);
    stroke-width: 2;
    stroke-linecap: round;
  }
  .measure-end {
    fill: var(--accent);
    stroke: var(--panel-solid);
    stroke-width: 2;
  }
  .measure-words {
    fill: var(--ink);
    font: 600 15px var(--sans);
    text-anchor: middle;
    paint-order: stroke;
    stroke: var(--ground);
    stroke-width: 5;
    stroke-linejoin: round;
  }
  .handle {
    display: none;
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }

  @media (max-width: 760px) {
    .top {
      left: 16px;
      right: 16px;
      top: max(14px, env(safe-area-inset-top));
      flex-wrap: wrap;
      gap: 8px;
    }
    .title {
      flex: 1 1 auto;
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
      font-size: 0.8rem;
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
      top: 64px;
      right: 0;
      flex-direction: column;
    }
    .tools .panel-tool {
      display: none;
    }
    .sheet {
      position: absolute;
      left: 0;
      right: 0;
      bottom: 0;
      height: min(74%, 620px);
      display: flex;
      flex-direction: column;
      border-radius: 22px 22px 0 0;
      border: 1px solid var(--line);
      border-bottom: 0;
      background: var(--panel);
      backdrop-filter: var(--blur);
      box-shadow: var(--shadow);
      transition: translate 0.42s cubic-bezier(0.22, 1, 0.36, 1);
    }
    .sheet.closed {
      translate: 0 calc(100% - 152px - env(safe-area-inset-bottom));
    }
    .handle {
      display: flex;
      width: 100%;
      min-height: 44px;
      flex: none;
      border-radius: 22px 22px 0 0;
      touch-action: none;
    }
    .handle::before {
      content: "";
      width: 44px;
      height: 5px;
      border-radius: 3px;
      background: var(--line-strong);
    }
    .rail {
      position: static;
      width: auto;
      padding: 0 18px 12px;
      border: 0;
      background: none;
      backdrop-filter: none;
      box-shadow: none;
      flex: none;
    }
    .panel {
      position: static;
      width: auto;
      flex: 1;
      min-height: 0;
      border: 0;
      border-top: 1px solid var(--line);
      border-radius: 0;
      background: none;
      backdrop-filter: none;
      box-shadow: none;
    }
    .panel.closed {
      translate: none;
      opacity: 1;
    }
    .toast {
      bottom: 172px;
      width: max-content;
    }
    .middle {
      padding-bottom: 130px;
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
