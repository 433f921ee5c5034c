/** What does the line at the top show? Project, counts, status chip, number of viewers and tools. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { ProjectState } from "../scene/state";
import type { Presence } from "../wire/contract";
import "./chip";
import { cairnMark, downIcon, eyeIcon } from "./icons";
import { countsOf, titleOf } from "./summary";
import type { Tools } from "./tools";
import { toolbar } from "./tools";
import { t } from "./language/t";
import { watchersWords } from "./words";

/** Draw the header. `isPaused`: nothing can be drawn now. `onSwitch` opens the list of projects; null where there is only one. */
export function header(
  project: ProjectState,
  tools: Tools,
  isPaused: boolean,
  onSwitch: (() => void) | null,
): TemplateResult {
  return html`<header class="top">
    <div class="title">
      ${cairnMark}
      <div>
        <h1 title=${nameOf(project)}>${onSwitch ? switcher(nameOf(project), onSwitch) : nameOf(project)}</h1>
        <div class="counts" data-testid="counts" title=${countsOf(project).join(" · ")}>
          ${countsOf(project).map((each) => html`<span>${each}</span>`)}
        </div>
      </div>
    </div>
    <div class="standing">
      <cairn-chip .state=${project} .isPaused=${isPaused} .isOnline=${navigator.onLine}></cairn-chip
      >${watching([...project.watchers.values()])}
    </div>
    ${toolbar(tools)}
  </header>`;
}

function nameOf({ project, reconstructor }: ProjectState): string {
  return titleOf(project, reconstructor?.title);
}

function switcher(name: string, onSwitch: () => void): TemplateResult {
  return html`<button class="switch" data-testid="switch" title=${`${name}\n${t("header.switch")}`} @click=${onSwitch}>
    <span>${name}</span>${downIcon}
  </button>`;
}

function watching(watchers: readonly Presence[]): TemplateResult | typeof nothing {
  if (watchers.length < 2) return nothing;
  return html`<span class="watchers" data-testid="watchers" title=${watchersWords(watchers)}>
    ${eyeIcon}<span>${watchers.length}<span class="words"> ${t("header.watching")}</span></span>
  </span>`;
}
