/** How do the dialogs of the page look? A card over everything, which scrolls where the window is low. */
import { css } from "lit";

import { low } from "../breakpoints";

export const dialogStyles = css`
  dialog {
    border: 1px solid var(--line);
    border-radius: 24px;
    background: var(--panel-solid);
    color: var(--ink);
    box-shadow: var(--shadow);
    padding: 28px;
    max-width: calc(100vw - 32px);
    max-height: calc(100dvh - 24px);
    overflow-y: auto;
    scrollbar-width: thin;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
  dialog[open] {
    display: grid;
    justify-items: center;
    gap: 18px;
    animation: appear 0.25s ease;
  }
  @media ${low} {
    dialog {
      padding: 18px 22px;
    }
    dialog[open] {
      gap: 12px;
    }
  }
`;
