/** What stands in the middle of the screen while there is no object to see, with what one can do about it? */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { ProjectState } from "../scene/state";
import type { Notice } from "../scene/status";
import { noticeOf } from "../scene/status";
import "./invite";
import "./notice";
import type { GraphicsTrouble } from "./stage-element";
import type { NoticeWords } from "./words";
import { noticeWords } from "./words";

export interface Middle {
  readonly project: ProjectState;
  readonly trouble: GraphicsTrouble | null;
  /** An address that others may join with. */
  readonly link: string | null;
  readonly onLeave: () => void;
}

const TROUBLE_WORDS: Readonly<Record<GraphicsTrouble, NoticeWords>> = {
  no_webgl: {
    title: "This browser cannot draw in 3-D",
    text: "WebGL 2 is missing or switched off. You can still add photos and follow what happens.",
  },
  context_lost: {
    title: "The graphics were taken away",
    text: "The device needed its memory for something else. The object comes back by itself.",
  },
};

export function middle({ link, onLeave, project, trouble }: Middle): TemplateResult | typeof nothing {
  if (trouble) return card(TROUBLE_WORDS[trouble], nothing);
  const notice = noticeOf(project);
  return notice ? card(noticeWords(notice, project), action(notice, link, onLeave)) : nothing;
}

function card(words: NoticeWords, content: TemplateResult | typeof nothing): TemplateResult {
  return html`<div class="middle">
    <cairn-notice data-testid="notice" .words=${words}>${content}</cairn-notice>
  </div>`;
}

function action({ kind }: Notice, link: string | null, onLeave: () => void): TemplateResult | typeof nothing {
  if (kind === "empty" && link !== null) return html`<cairn-invite class="on-desktop" .link=${link}></cairn-invite>`;
  if (kind === "no_project") return html`<button class="quiet" @click=${onLeave}>Choose another project</button>`;
  return nothing;
}
