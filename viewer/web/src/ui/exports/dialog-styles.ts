/** How does the export dialog look? A grid of formats, a bar, and the list of files. */
import { css } from "lit";

import { low } from "../breakpoints";

export const exportStyles = css`
  dialog {
    width: min(560px, calc(100vw - 32px));
    max-height: calc(100dvh - 24px);
    overflow-y: auto;
    padding: 0 26px 22px;
    scrollbar-width: thin;
    border: 1px solid var(--line);
    border-radius: 24px;
    background: var(--panel-solid);
    color: var(--ink);
    box-shadow: var(--shadow);
    line-height: 1.45;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
  .head {
    position: sticky;
    top: 0;
    z-index: 1;
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin: 0 -16px 0 0;
    padding: 14px 0 6px;
    background: var(--panel-solid);
  }
  p {
    margin: 10px 0;
  }
  form,
  section {
    display: grid;
    gap: 12px;
    margin: 14px 0;
  }
  fieldset {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(210px, 1fr));
    gap: 8px;
  }
  legend,
  .soft {
    font-size: 0.86rem;
    color: var(--ink-soft);
  }
  label {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 48px;
    cursor: pointer;
  }
  fieldset label {
    padding: 6px 12px;
    border: 1px solid var(--line-strong);
    border-radius: 12px;
  }
  label:has(:checked) {
    border-color: var(--accent);
  }
  progress {
    width: 100%;
    accent-color: var(--accent);
  }
  .primary {
    min-height: 48px;
  }
  .bad {
    color: var(--bad);
  }
  li span {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    gap: 10px;
  }
  @media ${low} {
    dialog {
      width: min(760px, calc(100vw - 24px));
      padding: 0 22px 16px;
    }
    .head {
      padding-top: 8px;
    }
    fieldset {
      grid-template-columns: repeat(3, 1fr);
    }
    form,
    section {
      gap: 8px;
      margin: 8px 0;
    }
    p {
      margin: 4px 0;
    }
  }
`;
