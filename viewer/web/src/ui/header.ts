/** What does the line at the top show? Project, counts, status chip, number of viewers and tools. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { ProjectState } from "../scene/state";
import "./chip";
import { cairnMark, downIcon, eyeIcon } from "./icons";
import { countsOf, titleOf } from "./summary";
import type { Tools } from "./tools";
import { toolbar } from "./tools";
import { t } from "./language/t";

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
        <h1>${onSwitch ? switcher(nameOf(project), onSwitch) : nameOf(project)}</h1>
        <div class="counts" data-testid="counts">${countsOf(project).map((each) => html`<span>${each}</span>`)}</div>
      </div>
    </div>
    <div class="standing">
      <cairn-chip .state=${project} .isPaused=${isPaused}></cairn-chip>${watching(project.watchers.size)}
    </div>
    ${toolbar(tools)}
  </header>`;
}

function nameOf({ project, reconstructor }: ProjectState): string {
  return titleOf(project, reconstructor?.title);
}

function switcher(name: string, onSwitch: () => void): TemplateResult {
  return html`<button class="switch" data-testid="switch" title=${t("header.switch")} @click=${onSwitch}>
    <span>${name}</span>${downIcon}
  </button>`;
}

function watching(count: number): TemplateResult | typeof nothing {
  if (count < 2) return nothing;
  return html`<span class="watchers" data-testid="watchers" title=${t("header.watchers")}>
    ${eyeIcon}<span>${count}<span class="words"> ${t("header.watching")}</span></span>
  </span>`;
}
