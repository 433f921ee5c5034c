/** How do the forms look by which one comes in, and what do they give? A card in the middle of the page; an account. */
import { css } from "lit";

import type { Credentials } from "../../wire/credentials";
import { low } from "../breakpoints";
import { fieldStyles } from "../form-styles";

/** What a form gives: the account, and whether it stays on this device. */
export interface Entry {
  readonly credentials: Credentials;
  readonly stays: boolean;
}

export const loginStyles = css`
  ${fieldStyles}
  form {
    display: grid;
    gap: 16px;
    width: min(360px, calc(100vw - 40px));
    padding: 32px;
    background: var(--panel);
    border: 1px solid var(--line);
    border-radius: 22px;
    box-shadow: var(--shadow);
    backdrop-filter: var(--blur);
  }
  .mark {
    width: 52px;
    fill: var(--accent);
    justify-self: center;
  }
  h1 {
    font: 600 1.6rem/1.25 var(--serif);
    margin: 0;
    text-align: center;
  }
  .intro {
    text-align: center;
    color: var(--ink-soft);
    line-height: 1.5;
    margin-top: -8px;
  }
  label {
    display: grid;
    gap: 6px;
    font-size: 0.86rem;
    color: var(--ink-soft);
  }
  label > input:not([type="checkbox"]) {
    width: 100%;
  }
  .primary {
    min-height: 50px;
    margin-top: 6px;
  }
  .plain {
    text-align: center;
    color: var(--ink-soft);
    font-size: 0.86rem;
    line-height: 1.45;
  }
  .refusal {
    color: var(--bad);
    line-height: 1.45;
    text-align: center;
  }
  /* a laptop: the whole form without scrolling */
  @media (max-height: 800px) {
    form {
      gap: 10px;
      padding: 20px 28px;
    }
    .mark {
      width: 38px;
    }
    .intro {
      margin-top: -4px;
      line-height: 1.4;
    }
    .primary {
      margin-top: 0;
    }
  }
  @media ${low} {
    form {
      grid-template-columns: repeat(3, minmax(0, 1fr));
      gap: 8px 14px;
      width: min(700px, calc(100vw - 40px));
      padding: 12px 22px;
    }
    form > :not(label) {
      grid-column: 1 / -1;
    }
    form > svg {
      display: none;
    }
    label {
      gap: 3px;
    }
    label > input:not([type="checkbox"]) {
      min-height: 44px;
      padding: 0 10px;
    }
    input::placeholder {
      font-size: 0.8rem;
    }
    h1 {
      font-size: 1.3rem;
    }
    .intro {
      margin-top: 0;
    }
    /* in one row: how long one stays, and the way in */
    form > .tick {
      grid-column: 1 / span 2;
    }
    form > .tick + .primary {
      grid-column: 3 / -1;
      min-height: 44px;
    }
    form > label:first-of-type:nth-last-of-type(-n + 2) {
      grid-column: 1 / -1; /* the only field */
    }
    @media (max-width: 560px) {
      form > .tick,
      form > .tick + .primary {
        grid-column: 1 / -1;
      }
    }
  }
`;
