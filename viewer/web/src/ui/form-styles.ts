/** How do fields, choices and lists look wherever a person fills in a form? */
import { css } from "lit";

/** Fields of text and numbers, and lists to choose from. */
export const fieldStyles = css`
  input:not([type="radio"], [type="checkbox"], [type="range"]),
  select,
  textarea {
    font: inherit;
    font-size: 16px; /* smaller, and phones zoom into the field */
    color: var(--ink);
    background: var(--panel-solid);
    border: 1px solid var(--line-strong);
    border-radius: 12px;
    min-height: 46px;
    min-width: 0;
    padding: 0 12px;
  }
`;

/** Round choices, and a list whose entries have a button. */
export const choiceStyles = css`
  legend {
    padding: 0;
    margin-bottom: 6px;
  }
  fieldset {
    border: 0;
    margin: 0;
    padding: 0;
  }
  input[type="radio"],
  input[type="checkbox"] {
    accent-color: var(--accent);
    width: 18px;
    height: 18px;
    margin: 0;
    flex: none;
  }
  h3 {
    font: 600 1rem/1.3 var(--serif);
    margin: 0;
  }
  ul {
    list-style: none;
    display: grid;
    gap: 10px;
    margin: 0;
    padding: 0;
  }
  li {
    display: flex;
    align-items: center;
    gap: 10px;
    line-height: 1.35;
  }
`;
