/** What does the dialog behind "Invite others" show? Invitations for an operator, the page's address for everybody else. */
import type { TemplateResult } from "lit";
import { html } from "lit";

import type { Credentials } from "../../wire/credentials";
import { closeIcon } from "../icons";
import { t } from "../language/t";
import { need } from "../parts";

export interface SharingOptions {
  /** The address of the page server. */
  readonly base: string;
  readonly credentials: Credentials;
  readonly canInvite: boolean;
  readonly needsLogin: boolean;
  readonly onClose: () => void;
  /** Called when the content does not load. */
  readonly onMissing: () => void;
}

export function sharingDialog(options: SharingOptions): TemplateResult {
  const { base, canInvite, credentials, needsLogin, onClose, onMissing } = options;
  if (canInvite) need("invitations", () => import("./invitations"), onMissing);
  else need("link", () => import("./link"), onMissing);
  const title = t(canInvite ? "invite" : "share");
  const words = t(needsLogin ? "share.needs_login" : "share.open");
  return html`<dialog class="invitation" data-testid="invitation" aria-label=${title} @close=${onClose}>
    <h2>${title}</h2>
    ${
      canInvite
        ? html`<cairn-invitations .base=${base} .credentials=${credentials}></cairn-invitations>`
        : html`<cairn-link .link=${location.href} .words=${words}></cairn-link>`
    }
    <button class="quiet" @click=${close}>${closeIcon}${t("close")}</button>
  </dialog>`;
}

/** Close the dialog around a button, which gives the focus back. */
function close(event: Event): void {
  (event.currentTarget as HTMLElement).closest("dialog")?.close();
}
