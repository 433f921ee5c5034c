/** How does the card of an image look? Beside the object, or above the sheet of a phone. */
import { css } from "lit";

import { TOOLS_PX, low, narrow, px } from "../breakpoints";

export const cardStyles = css`
  :host {
    position: absolute;
    left: 24px;
    bottom: calc(max(24px, env(safe-area-inset-bottom)) + 122px);
    width: 300px;
    border-radius: 20px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    overflow: hidden;
    outline: none;
    animation: rise 0.3s cubic-bezier(0.22, 1, 0.36, 1);
  }
  :host(:focus-visible) {
    box-shadow: 0 0 0 2px var(--accent);
  }
  cairn-photo {
    width: 100%;
    aspect-ratio: 4 / 3;
  }
  .open {
    display: block;
    width: 100%;
    padding: 0;
    border: 0;
    border-radius: 0;
    cursor: zoom-in;
  }
  .opacity {
    display: block;
    width: calc(100% - 36px);
    min-height: 44px;
    margin: 0 18px;
    accent-color: var(--accent);
  }
  .texts {
    padding: 14px 18px 4px;
  }
  .title {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 12px;
  }
  h2 {
    flex: none;
    font-size: 1.2rem;
    font-variant-numeric: tabular-nums;
  }
  .state {
    font-size: 0.86rem;
    font-weight: 550;
    color: var(--ink-soft);
  }
  .state.placed {
    color: var(--good);
  }
  .state.processing,
  .state.waiting {
    color: var(--busy);
  }
  .state.rejected,
  .state.failed {
    color: var(--bad);
  }
  .file {
    margin-top: 3px;
    color: var(--ink-soft);
    font-size: 0.86rem;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .reason {
    margin-top: 5px;
    color: var(--ink-soft);
    font-size: 0.9rem;
    line-height: 1.45;
    overflow-wrap: anywhere;
  }
  .buttons {
    display: flex;
    gap: 4px;
    padding: 8px 12px 12px;
  }
  .fly {
    flex: 1;
    padding: 0 14px;
    white-space: nowrap;
    margin-left: 6px;
  }
  .close {
    position: absolute;
    top: 8px;
    right: 8px;
    border-radius: 50%;
    background: var(--panel-solid);
    border: 1px solid var(--line);
  }
  @keyframes rise {
    from {
      opacity: 0;
      translate: 0 14px;
    }
  }
  @media ${narrow} {
    :host {
      left: 12px;
      right: 12px;
      bottom: calc(144px + env(safe-area-inset-bottom));
      width: auto;
      display: grid;
      grid-template-columns: 124px minmax(0, 1fr);
      grid-template-rows: 1fr auto;
    }
    .open {
      grid-row: 1 / 4;
      height: 100%;
    }
    cairn-photo {
      height: 100%;
      min-height: 132px;
      aspect-ratio: auto;
    }
    .texts {
      padding: 12px 60px 0 14px;
      min-width: 0;
    }
    .title {
      display: block;
    }
    .reason {
      font-size: 0.85rem;
    }
    .buttons {
      padding: 6px 10px 10px;
    }
  }
  @media (max-width: 430px) {
    :host {
      grid-template-columns: 96px minmax(0, 1fr);
    }
    .buttons {
      flex-wrap: wrap; /* long words, on small phones */
    }
    .fly {
      flex: 1 0 auto;
      padding: 0 8px;
      margin-left: 0;
    }
  }
  @media ${low} {
    :host {
      left: max(12px, env(safe-area-inset-left));
      bottom: 58px;
      width: min(300px, calc(100% - ${px(2 * TOOLS_PX)}));
      max-height: calc(100% - 124px);
      overflow-y: auto;
      scrollbar-width: thin;
    }
    cairn-photo {
      aspect-ratio: 2.6;
    }
    .texts {
      padding: 8px 16px 0;
    }
    .buttons {
      padding: 4px 10px 8px;
    }
  }
`;
