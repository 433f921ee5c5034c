/** Which styles has the card of measures and notes? */
import { css } from "lit";

import { CARD_SHARE, TOOLS_PX, low, narrow, px, share } from "../breakpoints";

export const panelStyles = css`
  :host {
    position: absolute;
    left: 24px;
    bottom: calc(max(24px, env(safe-area-inset-bottom)) + 122px);
    width: 340px;
    max-height: calc(100% - 260px);
    display: flex;
    flex-direction: column;
    border-radius: 20px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    overflow: hidden;
  }
  header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 12px 12px 4px 20px;
  }
  h2 {
    flex: 1;
    font: 600 1.12rem/1.25 var(--serif);
  }
  .kinds {
    display: grid;
    grid-template-columns: repeat(5, 1fr);
    gap: 4px;
    padding: 4px 12px 10px;
  }
  .kinds button {
    display: grid;
    width: 100%;
    justify-items: center;
    gap: 3px;
    min-width: 0;
    min-height: 56px;
    padding: 6px 2px;
    font-size: 0.76rem;
    color: var(--ink-soft);
    border-radius: 12px;
  }
  .kinds button[aria-pressed="true"] {
    background: var(--pressed);
    color: var(--pressed-ink);
  }
  .soft {
    color: var(--ink-soft);
    font-size: 0.88rem;
    line-height: 1.45;
  }
  .pad {
    padding: 4px 20px 12px;
  }
  .draft {
    padding: 10px 20px 14px;
    border-top: 1px solid var(--line);
  }
  .big {
    font: 600 1.3rem/1.25 var(--serif);
    font-variant-numeric: tabular-nums;
    margin-top: 6px;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-top: 10px;
  }
  ul {
    flex: 0 1 auto;
    min-height: 0;
    overflow-y: auto;
    scrollbar-width: thin;
    margin: 0;
    padding: 0;
    list-style: none;
    border-top: 1px solid var(--line);
  }
  li + li {
    border-top: 1px solid var(--line);
  }
  li.chosen {
    background: var(--hover);
  }
  .row {
    display: flex;
    align-items: center;
    gap: 12px;
    width: 100%;
    min-height: 50px;
    padding: 8px 20px;
    border: 0;
    border-radius: 0;
    background: none;
    color: inherit;
    font: inherit;
    text-align: left;
    justify-content: flex-start;
  }
  .row .icon {
    flex: none;
    color: var(--accent);
  }
  .row bdi {
    flex: 1;
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font-weight: 400;
  }
  .row .value {
    font-weight: 600;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .details {
    padding: 4px 20px 14px 56px;
  }
  .details bdi {
    overflow-wrap: anywhere;
  }
  form {
    display: flex;
    gap: 8px;
    margin-top: 8px;
  }
  form.tall {
    flex-direction: column;
  }
  input,
  select,
  textarea {
    flex: 1;
  }
  textarea {
    padding: 10px 12px;
    min-height: 76px;
    resize: none;
  }
  select {
    flex: none;
    padding: 0 8px;
  }
  footer {
    display: flex;
    align-items: center;
    gap: 6px;
    padding: 8px 12px 10px 20px;
    border-top: 1px solid var(--line);
  }
  footer label {
    flex: 1;
    display: flex;
    align-items: center;
    gap: 8px;
    font-size: 0.86rem;
    color: var(--ink-soft);
  }
  footer button {
    min-height: 44px;
    padding: 0 12px;
    font-size: 0.86rem;
  }
  .delete {
    color: var(--bad);
  }
  .end {
    display: flex;
    align-items: center;
    gap: 12px;
    margin-top: 10px;
  }
  .end p {
    flex: 1;
  }
  @media ${narrow} {
    :host {
      left: 12px;
      right: 12px;
      bottom: calc(144px + env(safe-area-inset-bottom));
      width: auto;
      max-height: ${share(CARD_SHARE)};
    }
    .kinds {
      padding-bottom: 6px;
    }
  }
  @media ${low} {
    :host {
      left: max(12px, env(safe-area-inset-left));
      bottom: 58px;
      width: min(316px, calc(100% - ${px(2 * TOOLS_PX)}));
      max-height: calc(100% - 124px);
    }
  }
  /* little height: the whole card scrolls under its title */
  @media ${narrow}, ${low} {
    :host {
      overflow-y: auto;
      scrollbar-width: thin;
    }
    header {
      position: sticky;
      top: 0;
      z-index: 1;
      background: var(--panel-solid);
    }
    ul {
      flex: none;
      overflow: visible;
    }
  }
`;
