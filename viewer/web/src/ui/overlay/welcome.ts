/** How does an invited guest choose a name? A form with one field, before the invitation is redeemed. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { WireError } from "../../wire/errors";
import { isLevel } from "../../wire/ids";
import type { Invitation } from "../../wire/invitations/invitation";
import { redeemInvitation } from "../../wire/invitations/invitation";
import { cairnMark } from "../icons";
import { sharedParts } from "../theme";
import type { Entry } from "./login-styles";
import { loginStyles } from "./login-styles";
import { stayStyles, stayTick } from "./staying";
import "../language/picker";
import { LocalizedElement } from "../language/localized";
import { errorWords, t } from "../language/t";

@customElement("cairn-welcome")
export class Welcome extends LocalizedElement {
  static override readonly styles = [sharedParts, loginStyles, stayStyles];

  @property({ attribute: false }) invitation!: Invitation;
  @property({ attribute: false }) isStaying: boolean | null = null;

  @state() private refusal: string | null = null;
  @state() private isBusy = false;

  override render(): TemplateResult {
    return html`<form data-testid="welcome" @submit=${this.submit}>
      ${cairnMark}
      <h1>${t("welcome")}</h1>
      <p class="intro">${t("welcome.intro")}</p>
      ${this.refusal === null ? nothing : html`<p class="refusal" role="alert">${this.refusal}</p>`}
      <label
        >${t("welcome.name")} <input name="user" autocomplete="username" autocapitalize="none" maxlength="63" required
      /></label>
      ${stayTick(this.isStaying)}
      <button class="primary" ?disabled=${this.isBusy}>${t("welcome.enter")}</button>
      <cairn-language></cairn-language>
    </form>`;
  }

  private readonly submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const given = form.get("user");
    const name = typeof given === "string" ? given.trim().toLowerCase() : "";
    if (!isLevel("user", name)) {
      this.refusal = t("login.bad_name");
      return;
    }
    this.isBusy = true;
    try {
      const credentials = await redeemInvitation(this.invitation, name);
      this.tell("login", { credentials, stays: form.has("stays") });
    } catch (thrown) {
      this.refusal = errorWords(thrown);
      const canTryAgain = thrown instanceof WireError && ["name_taken", "unreachable"].includes(thrown.code);
      if (!canTryAgain) this.tell("refused", this.refusal);
    }
    this.isBusy = false;
  };

  private tell(name: "login" | "refused", detail: Entry | string): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
