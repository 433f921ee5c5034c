/** What does the page say of photographs that wait in this browser? A toast as they are sent, and hints above the list. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { t } from "../language/t";
import type { Toast } from "../overlay/toast";
import type { SessionOptions } from "../session";
import type { ViewerState } from "../viewer-state";
import { keptWords } from "../words";
import type { Waiting, Waits } from "./waits";

export interface WaitingHost {
  readonly toast: Toast;
  change(change: Partial<ViewerState>): void;
}

/** What a session calls about kept photographs. */
export function keptEvents(host: WaitingHost): Pick<SessionOptions, "onKept" | "onWaits"> {
  return {
    onKept: (count) => {
      host.toast.say(keptWords(count), count === null);
    },
    onWaits: (waits) => {
      host.change({ waits });
    },
  };
}

/** The hints above the list of uploads. */
export function waitingHints(waits: Waits, onOpen: (project: string) => void): TemplateResult {
  const { elsewhereCount: count, isKeeping, others } = waits;
  return html`${isKeeping ? nothing : hint(t("kept.none"))}
  ${count === 0 ? nothing : hint(t("photos.elsewhere", { count }))} ${others.map((each) => otherHint(each, onOpen))}`;
}

function otherHint({ count, project, user }: Waiting, onOpen: (project: string) => void): TemplateResult {
  if (user !== null) return hint(t("photos.others", { count, place: `${project} (${user})` }));
  const open = html`<button
    class="quiet"
    @click=${() => {
      onOpen(project);
    }}
  >
    ${t("login.open")}
  </button>`;
  return hint(t("photos.others", { count, place: project }), open);
}

function hint(words: string, button: TemplateResult | typeof nothing = nothing): TemplateResult {
  return html`<p class="hint" data-testid="waiting">${words} ${button}</p>`;
}
