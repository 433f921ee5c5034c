/** How does an operator invite others? A form that makes a link, and a list of open invitations to take back. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { Credentials } from "../../wire/credentials";
import { isLevel } from "../../wire/ids";
import { invitationLink } from "../../wire/invitations/invitation";
import type { InvitedRole, OpenInvitation } from "../../wire/invitations/invitations";
import { MOST_USES, createInvitation, fetchInvitations, revokeInvitation } from "../../wire/invitations/invitations";
import { dateAndTime } from "../format";
import { sharedParts } from "../theme";
import { choiceStyles, fieldStyles } from "../form-styles";
import { invitationStyles } from "./invitation-styles";
import "./link";
import { LocalizedElement } from "../language/localized";
import { errorWords, isKey, t } from "../language/t";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const TIMES_S: readonly number[] = [HOUR_S, DAY_S, 7 * DAY_S];
const ROLES: readonly InvitedRole[] = ["contributor", "viewer"];

function roleWords(role: string): string {
  const key = `role.${role}`;
  return isKey(key) ? t(key) : role;
}

function timeWords(lastsS: number): string {
  return lastsS > DAY_S ? t("days", { count: lastsS / DAY_S }) : t("hours", { count: lastsS / HOUR_S });
}

interface Made {
  readonly link: string;
  readonly words: string;
}

@customElement("cairn-invitations")
export class Invitations extends LocalizedElement {
  static override readonly styles = [sharedParts, fieldStyles, choiceStyles, invitationStyles];

  @property({ attribute: false }) base!: string;
  @property({ attribute: false }) credentials!: Credentials;

  @state() private made: Made | null = null;
  @state() private open: readonly OpenInvitation[] = [];
  @state() private refusal: string | null = null;
  @state() private isBusy = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.list()); // an element whose code is loaded later gets its properties with the first update
  }

  override render(): TemplateResult {
    return html`${this.made ? this.result(this.made) : this.form()}
    ${this.refusal === null ? nothing : html`<p class="bad" role="alert">${this.refusal}</p>`}
    ${this.open.length > 0 && !this.made ? this.listed() : nothing}`;
  }

  /** Fetch the list, whenever the dialog opens. */
  private async list(): Promise<void> {
    await this.attempt(async () => {
      this.open = (await fetchInvitations(this.base, this.credentials)).invitations;
    });
  }

  private form(): TemplateResult {
    return html`<form data-testid="invite-form" @submit=${this.submit}>
      <fieldset>
        <legend>${t("invite.role")}</legend>
        ${ROLES.map(
          (role, index) =>
            html`<label class="role">
              <input type="radio" name="role" value=${role} ?checked=${index === 0} />
              <span><b>${t(`role.${role}`)}</b><br /><span class="soft">${t(`role.${role}.text`)}</span></span>
            </label>`,
        )}
      </fieldset>
      <label
        >${t("invite.name")}
        <input name="name" autocapitalize="none" autocomplete="off" placeholder=${t("invite.any_name")} maxlength="63"
      /></label>
      <div class="pair">
        <label
          >${t("invite.lasts")}
          <select name="lasts">
            ${TIMES_S.map((lastsS) => html`<option value=${lastsS} ?selected=${lastsS === DAY_S}>${timeWords(lastsS)}</option>`)}
          </select></label
        >
        <label
          >${t("invite.uses")}
          <input name="uses" type="number" inputmode="numeric" min="1" max=${MOST_USES} value="1" required
        /></label>
      </div>
      <button class="primary" data-testid="make-link" ?disabled=${this.isBusy}>${t("invite.make")}</button>
    </form>`;
  }

  private result({ link, words }: Made): TemplateResult {
    return html`<cairn-link .link=${link} .words=${words}></cairn-link>
      <button
        class="quiet"
        @click=${() => {
          this.made = null;
        }}
      >
        ${t("invite.again")}
      </button>`;
  }

  private listed(): TemplateResult {
    return html`<section aria-label=${t("invite.open")}>
      <h3>${t("invite.open")}</h3>
      <ul data-testid="open-invitations">
        ${this.open.map((each) => html`<li>${this.row(each)}</li>`)}
      </ul>
    </section>`;
  }

  private row(row: OpenInvitation): TemplateResult {
    const name = row.name ?? t("invite.no_name");
    const facts = [
      roleWords(row.role),
      ...(row.uses === 1 ? [] : [t("invite.used", { used: row.used_count, count: row.uses })]),
      t("invite.until", { time: dateAndTime(Date.parse(row.expires_at)) }),
    ];
    return html`<span class="texts">
        <span class="name">${name}</span><br />
        <span class="soft">${facts.join(" · ")}</span>
      </span>
      <button
        class="quiet"
        aria-label=${t("invite.revoke.title", { name })}
        ?disabled=${this.isBusy}
        @click=${() => this.revoke(row.invitation_id)}
      >
        ${t("invite.revoke")}
      </button>`;
  }

  private readonly submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => {
      const value = form.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const [name, uses, lastsS] = [field("name"), Number(field("uses")), Number(field("lasts"))];
    const role: InvitedRole = field("role") === "viewer" ? "viewer" : "contributor";
    if (name !== "" && !isLevel("user", name)) {
      this.refusal = t("login.bad_name");
      return;
    }
    await this.attempt(async () => {
      const wishes = { role, name: name === "" ? null : name, lastsS, uses };
      const invitation = await createInvitation(this.base, this.credentials, wishes);
      const { origin, pathname } = new URL(this.base);
      const time = dateAndTime(Date.now() + lastsS * 1000);
      const words = t("invite.made", { role: t(`role.${role}`), count: uses, time });
      this.made = { link: invitationLink(origin + pathname, invitation), words };
      this.open = (await fetchInvitations(this.base, this.credentials)).invitations;
    });
  };

  private async revoke(id: string): Promise<void> {
    await this.attempt(async () => {
      await revokeInvitation(this.base, this.credentials, id);
      this.open = (await fetchInvitations(this.base, this.credentials)).invitations;
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.isBusy = true;
    this.refusal = null;
    try {
      await work();
    } catch (thrown) {
      this.refusal = errorWords(thrown);
    } finally {
      this.isBusy = false;
    }
  }
}
