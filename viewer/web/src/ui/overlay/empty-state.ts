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

export interface EmptyStateOptions {
  readonly project: ProjectState;
  readonly trouble: GraphicsTrouble | null;
  /** Called to invite others; null for somebody who may not. */
  readonly onInvite: (() => void) | null;
  readonly onLeave: () => void;
  readonly onRetry: () => void;
  /** Called to open the photos tab. */
  readonly onPhotos: () => void;
}

const TROUBLE_WORDS: Readonly<Record<GraphicsTrouble, NoticeWords>> = {
  no_webgl: {
    title: "This browser cannot draw in 3-D",
    text: "WebGL 2 is missing or switched off. You can still add photos and follow what happens.",
  },
  context_lost: {
    title: "The graphics were interrupted",
    text: "The device needed the graphics memory. The object comes back by itself.",
  },
};

export function emptyState(given: EmptyStateOptions): TemplateResult | typeof nothing {
  const { onPhotos, project, trouble } = given;
  if (trouble === "context_lost") return card(TROUBLE_WORDS[trouble], button("Load the page again", reload));
  if (trouble === "no_webgl") return card(TROUBLE_WORDS[trouble], button("Add photos", onPhotos));
  const notice = noticeOf(project);
  return notice ? card(noticeWords(notice, project), action(notice, given)) : nothing;
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

function action(
  { kind }: Notice,
  { onInvite, onLeave, onPhotos, onRetry }: EmptyStateOptions,
): TemplateResult | typeof nothing {
  switch (kind) {
    case "unreachable":
      return button("Try now", onRetry);
    case "no_project":
      return button("Choose another project", onLeave);
    case "refused":
      return button("Log in again", onLeave);
    case "empty":
      return html`${button("Add the first photo", onPhotos)}
      ${onInvite ? html`<button class="quiet" @click=${onInvite}>Invite others</button>` : nothing}`;
    case "first_image":
      return button("Add photos", onPhotos);
    case "loading":
      return nothing;
  }
}
