/** How does an operator invite others? A form that makes a link, and a list of open invitations to take back. */
import type { TemplateResult } from "lit";
import { LitElement, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { Credentials } from "../../wire/credentials";
import { sentenceOf } from "../../wire/errors";
import { isLevel } from "../../wire/ids";
import { invitationLink } from "../../wire/invitation";
import type { InvitedRole, OpenInvitation } from "../../wire/invitations";
import { MOST_USES, createInvitation, fetchInvitations, revokeInvitation } from "../../wire/invitations";
import { dateAndTime } from "../format";
import { sharedParts } from "../theme";
import { invitationStyles } from "./invitation-styles";
import "./link";

const HOUR_S = 3600;
const TIMES: readonly (readonly [seconds: number, words: string])[] = [
  [HOUR_S, "1 hour"],
  [24 * HOUR_S, "24 hours"],
  [7 * 24 * HOUR_S, "7 days"],
];
const ROLES: readonly (readonly [role: InvitedRole, title: string, words: string])[] = [
  ["contributor", "Contributor", "adds photos"],
  ["viewer", "Viewer", "looks only"],
];

interface Made {
  readonly link: string;
  readonly words: string;
}

@customElement("cairn-invitations")
export class Invitations extends LitElement {
  static override readonly styles = [sharedParts, invitationStyles];

  @property({ attribute: false }) credentials!: Credentials;

  @state() private made: Made | null = null;
  @state() private open: readonly OpenInvitation[] = [];
  @state() private refusal: string | null = null;
  @state() private isBusy = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.list();
  }

  override render(): TemplateResult {
    return html`${this.made ? this.result(this.made) : this.form()}
    ${this.refusal === null ? nothing : html`<p class="bad" role="alert">${this.refusal}</p>`}
    ${this.open.length > 0 && !this.made ? this.listed() : nothing}`;
  }

  /** Fetch the list, whenever the dialog opens. */
  private async list(): Promise<void> {
    await this.attempt(async () => {
      this.open = (await fetchInvitations(document.baseURI, this.credentials)).invitations;
    });
  }

  private form(): TemplateResult {
    return html`<form data-testid="invite-form" @submit=${this.submit}>
      <fieldset>
        <legend>The guest is a</legend>
        ${ROLES.map(
          ([role, title, words], index) =>
            html`<label class="role">
              <input type="radio" name="role" value=${role} ?checked=${index === 0} />
              <span><b>${title}</b><br /><span class="soft">${words}</span></span>
            </label>`,
        )}
      </fieldset>
      <label
        >Name
        <input
          name="name"
          autocapitalize="none"
          autocomplete="off"
          placeholder="leave empty: the guest chooses"
          maxlength="63"
      /></label>
      <div class="pair">
        <label
          >The link works for
          <select name="lasts">
            ${TIMES.map(([seconds, words]) => html`<option value=${seconds} ?selected=${words === "24 hours"}>${words}</option>`)}
          </select></label
        >
        <label
          >How many guests
          <input name="uses" type="number" inputmode="numeric" min="1" max=${MOST_USES} value="1" required
        /></label>
      </div>
      <button class="primary" data-testid="make-link" ?disabled=${this.isBusy}>Make a link</button>
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
        Invite somebody else
      </button>`;
  }

  private listed(): TemplateResult {
    return html`<section aria-label="Open invitations">
      <h3>Open invitations</h3>
      <ul data-testid="open-invitations">
        ${this.open.map((each) => html`<li>${this.row(each)}</li>`)}
      </ul>
    </section>`;
  }

  private row(row: OpenInvitation): TemplateResult {
    const name = row.name ?? "Guests choose a name";
    const used = row.uses === 1 ? "" : ` · ${row.used_count} of ${row.uses} guests came`;
    return html`<span class="texts">
        <span class="name">${name}</span><br />
        <span class="soft">${row.role}${used} · until ${dateAndTime(Date.parse(row.expires_at))}</span>
      </span>
      <button
        class="quiet"
        aria-label="Take back the invitation: ${name}"
        ?disabled=${this.isBusy}
        @click=${() => this.revoke(row.invitation_id)}
      >
        Take back
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
      this.refusal = "A name has lower-case letters, digits and hyphens only.";
      return;
    }
    await this.attempt(async () => {
      const wishes = { role, name: name === "" ? null : name, lastsS, uses };
      const invitation = await createInvitation(document.baseURI, this.credentials, wishes);
      const page = location.origin + location.pathname;
      const end = dateAndTime(Date.now() + lastsS * 1000);
      const often = uses === 1 ? "once" : `${uses} times`;
      this.made = { link: invitationLink(page, invitation), words: `For a ${role}. Works ${often}, until ${end}.` };
      this.open = (await fetchInvitations(document.baseURI, this.credentials)).invitations;
    });
  };

  private async revoke(id: string): Promise<void> {
    await this.attempt(async () => {
      await revokeInvitation(document.baseURI, this.credentials, id);
      this.open = (await fetchInvitations(document.baseURI, this.credentials)).invitations;
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.isBusy = true;
    this.refusal = null;
    try {
      await work();
    } catch (thrown) {
      this.refusal = sentenceOf(thrown);
    } finally {
      this.isBusy = false;
    }
  }
}
