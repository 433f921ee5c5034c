/** Does the account outlive the tab? A tick in the forms by which one comes in, and beside the button to log out. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";

import type { Credentials } from "../../wire/credentials";
import { t } from "../language/t";

export const stayStyles = css`
  .tick {
    display: flex;
    align-items: center;
    gap: 12px;
    min-height: 44px;
  }
  .tick input {
    width: 22px;
    min-height: 22px;
    margin: 0;
    accent-color: var(--accent);
  }
  .account {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0 12px;
    width: min(440px, calc(100vw - 100px));
    overflow-wrap: anywhere;
  }
`;

/** The tick; nothing where the page keeps no account. `onChange` is for a tick outside a form. */
export function stayTick(
  isStaying: boolean | null,
  onChange?: (stays: boolean) => void,
): TemplateResult | typeof nothing {
  if (isStaying === null) return nothing;
  return html`<label class="tick">
    <input
      type="checkbox"
      name="stays"
      .checked=${isStaying}
      @change=${(event: Event) => onChange?.((event.target as HTMLInputElement).checked)}
    />${t("login.stays")}
  </label>`;
}

/** Whose page this is: the name, the tick, and the button to log out, which ends an account of an invitation. */
export function accountPart(
  { isInvited = false, user }: Credentials,
  isStaying: boolean | null,
  onStay: (stays: boolean) => void,
  onLogout: () => void,
): TemplateResult {
  return html`<div class="account" data-testid="account">
    <span>${t("login.as", { user })}</span>
    <button class="quiet" data-testid="logout" @click=${onLogout}>${t("logout")}</button>
    ${stayTick(isStaying, onStay)}
    ${isInvited ? html`<small data-testid="account-ends">${t("logout.ends_account")}</small>` : nothing}
  </div>`;
}
