/** What is shown while there is no object? A notice in the middle of the page, with a button for the next step. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { ProjectState } from "../../scene/state";
import type { Notice } from "../../scene/status";
import { noticeOf } from "../../scene/status";
import "./notice";
import type { GraphicsTrouble } from "../stage/stage-element";
import type { NoticeWords } from "../words";
import { noticeWords } from "../words";
import { t } from "../language/t";

export interface EmptyStateOptions {
  readonly project: ProjectState;
  readonly trouble: GraphicsTrouble | null;
  /** Whether this browser keeps photographs over a reload. */
  readonly isKeeping: boolean;
  /** Called to invite others; null for somebody who may not. */
  readonly onInvite: (() => void) | null;
  readonly onLeave: () => void;
  readonly onRetry: () => void;
  /** Called to open the photos tab. */
  readonly onPhotos: () => void;
}

function troubleWords(trouble: GraphicsTrouble): NoticeWords {
  return { title: t(`trouble.${trouble}`), text: t(`trouble.${trouble}.text`) };
}

export function emptyState(given: EmptyStateOptions): TemplateResult | typeof nothing {
  const { isKeeping, project, trouble } = given;
  if (trouble === "context_lost") return card(troubleWords(trouble), button(t("action.reload"), reload));
  if (trouble === "no_webgl") return card(troubleWords(trouble), adding("action.add_photos", given));
  const notice = noticeOf(project);
  return notice ? card(noticeWords(notice, project, navigator.onLine, isKeeping), action(notice, given)) : nothing;
}

function reload(): void {
  location.reload();
}

function button(words: string, act: () => void): TemplateResult {
  return html`<button class="quiet" data-testid="notice-action" @click=${act}>${words}</button>`;
}

function card(words: NoticeWords, content: TemplateResult | typeof nothing): TemplateResult {
  return html`<div class="middle">
    <cairn-notice data-testid="notice" .words=${words}>${content}</cairn-notice>
  </div>`;
}

/** The button for photographs, for an account that may add some. */
function adding(
  key: "action.add_photos" | "action.first_photo",
  { onPhotos, project }: EmptyStateOptions,
): TemplateResult | typeof nothing {
  return project.refused.photographs ? nothing : button(t(key), onPhotos);
}

function action({ kind }: Notice, given: EmptyStateOptions): TemplateResult | typeof nothing {
  const { onInvite, onLeave, onRetry } = given;
  switch (kind) {
    case "unreachable":
    case "held_back":
      return button(t("action.reconnect"), onRetry);
    case "no_project":
      return button(t("action.other_project"), onLeave);
    case "refused":
      return button(t("action.login"), onLeave);
    case "empty":
      return html`${adding("action.first_photo", given)}
      ${onInvite ? html`<button class="quiet" @click=${onInvite}>${t("invite")}</button>` : nothing}`;
    case "first_image":
      return adding("action.add_photos", given);
    case "loading":
      return nothing;
  }
}
