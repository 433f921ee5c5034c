/** How does a person log out? At once; an invited guest whose photographs still wait is asked first. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { isFinished } from "../../scene/uploading/uploads";
import { endAccount } from "../../wire/invitations/account";
import type { PageConfig } from "../../wire/config";
import type { Credentials } from "../../wire/credentials";
import type { CairnViewer } from "../cairn-viewer";
import { t } from "../language/t";
import { forgetKept, keptCount } from "../photographs/rows";

export class Leaving {
  constructor(private readonly host: CairnViewer) {}

  /** Log out. Only this browser knows the password of an invitation: without it nobody sends what waits. */
  async logOut(): Promise<void> {
    const { config, credentials } = this.host;
    if (!config || !credentials) return;
    const count = await this.unsentCount(credentials.user, config.base);
    if (credentials !== this.host.credentials) return;
    if (credentials.isInvited && count) this.host.change({ unsentCount: count });
    else this.leave(config, credentials, count === 0);
  }

  /** Log out all the same: what waits is deleted, and the account ends. */
  async logOutAndLose(): Promise<void> {
    const { config, credentials } = this.host;
    if (!config || !credentials) return;
    await forgetKept(credentials.user, config.base);
    if (credentials === this.host.credentials) this.leave(config, credentials, true);
  }

  /** The question to a guest whose photographs wait. */
  question(): TemplateResult | typeof nothing {
    const { unsentCount: count } = this.host.view;
    if (count === null) return nothing;
    return html`<div class="account" role="alert" data-testid="unsent">
      <p>${t("logout.waiting", { count })}</p>
      <button
        class="primary"
        data-testid="logout-stay"
        @click=${() => {
          this.host.change({ unsentCount: null });
        }}
      >
        ${t("logout.stay")}
      </button>
      <button class="quiet" data-testid="logout-lose" @click=${() => void this.logOutAndLose()}>
        ${t("logout.lose", { count })}
      </button>
    </div>`;
  }

  /** A page server without invitations ends no account, and one with them ends only those that they made. */
  private leave(config: PageConfig, credentials: Credentials, isEnding: boolean): void {
    const { host } = this;
    host.change({ isChoosing: false, unsentCount: null });
    if (isEnding && config.has_invitations) void endAccount(config.base, credentials);
    host.dispatchEvent(new CustomEvent("logout", { detail: credentials.user }));
    host.closeAccount(null, true);
  }

  /** The photographs of this account that wait in this browser, or at least in this tab; null: the browser does not say. */
  private async unsentCount(user: string, base: string): Promise<number | null> {
    const inThisTab = this.host.session?.follower.state.uploads.filter((upload) => !isFinished(upload)).length ?? 0;
    const kept = await keptCount(user, base);
    return kept === null && inThisTab === 0 ? null : Math.max(inThisTab, kept ?? 0);
  }
}
