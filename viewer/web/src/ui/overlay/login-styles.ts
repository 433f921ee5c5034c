/** How do the forms look by which one comes in, and what do they give? A card in the middle of the page; an account. */
import { css } from "lit";

import type { Credentials } from "../../wire/credentials";
import { low } from "../breakpoints";

/** What a form gives: the account, and whether it stays on this device. */
export interface Entry {
  readonly credentials: Credentials;
  readonly stays: boolean;
}

export const loginStyles = css`
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
  input {
    width: 100%;
    min-width: 0;
    font: inherit;
    font-size: 16px;
    color: var(--ink);
    background: var(--panel-solid);
    border: 1px solid var(--line-strong);
    border-radius: 12px;
    min-height: 48px;
    padding: 0 14px;
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
  @media ${low} {
    form {
      grid-template-columns: repeat(auto-fit, minmax(150px, 1fr));
      gap: 10px 14px;
      width: min(640px, calc(100vw - 40px));
      padding: 16px 22px;
    }
    form > :not(label) {
      grid-column: 1 / -1;
    }
    form > svg {
      display: none;
    }
    .intro {
      margin-top: 0;
    }
  }
`;
