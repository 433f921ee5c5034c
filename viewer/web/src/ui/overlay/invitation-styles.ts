/** How do the forms of an invitation look? Fields, the choice of a role, and the list. */
import { css } from "lit";

export const invitationStyles = css`
  :host {
    display: grid;
    gap: 18px;
    justify-items: center;
    width: min(380px, calc(100vw - 92px));
  }
  form,
  section {
    display: grid;
    gap: 14px;
    width: 100%;
  }
  fieldset {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 10px;
  }
  legend,
  label {
    font-size: 0.86rem;
    color: var(--ink-soft);
  }
  label {
    display: grid;
    gap: 6px;
  }
  .role {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 56px;
    padding: 8px 12px;
    border: 1px solid var(--line-strong);
    border-radius: 12px;
    color: var(--ink);
    line-height: 1.35;
    cursor: pointer;
  }
  .role:has(:checked) {
    border-color: var(--accent);
    background: color-mix(in srgb, var(--accent) 12%, transparent);
  }
  .pair {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 10px;
  }
  label > input:not([type="radio"]),
  select {
    width: 100%;
    min-height: 48px;
    padding: 0 14px;
  }
  input::placeholder {
    color: var(--ink-faint);
    opacity: 1;
  }
  .soft {
    color: var(--ink-soft);
    font-size: 0.84rem;
  }
  .primary {
    min-height: 50px;
  }
  .bad {
    color: var(--bad);
    line-height: 1.45;
    text-align: center;
  }
  section {
    gap: 8px;
    border-top: 1px solid var(--line);
    padding-top: 16px;
  }
  .texts {
    flex: 1;
    min-width: 0;
  }
  .name {
    overflow-wrap: anywhere;
  }
  li button {
    font-size: 0.86rem;
    white-space: nowrap;
  }
`;
