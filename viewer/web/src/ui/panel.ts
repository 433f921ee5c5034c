/** What is told beside the object? Photos, activity and figures, one at a time. */
import type { TemplateResult } from "lit";
import { html } from "lit";

import type { ProjectState } from "../scene/state";
import "./activity";
import type { DeviceFigures } from "./statistics";
import "./statistics";
import "./uploads";

export const TABS = ["photos", "activity", "figures"] as const;
export type Tab = (typeof TABS)[number];

const TITLES: Readonly<Record<Tab, string>> = { photos: "Photos", activity: "Activity", figures: "Figures" };

export interface Panel {
  readonly state: ProjectState;
  readonly device: DeviceFigures;
  readonly tab: Tab;
  readonly isOpen: boolean;
  readonly onTab: (tab: Tab) => void;
}

export function panel({ device, isOpen, onTab, state, tab }: Panel): TemplateResult {
  const step = (event: KeyboardEvent): void => {
    const turn = { ArrowRight: 1, ArrowLeft: TABS.length - 1 }[event.key];
    if (turn === undefined) return;
    const next = TABS[(TABS.indexOf(tab) + turn) % TABS.length] ?? tab;
    onTab(next);
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return html`<aside
    class="panel ${isOpen ? "open" : "closed"}"
    data-testid="panel"
    aria-label="Photos, activity and figures"
  >
    <div class="tabs" role="tablist" aria-label="What to see" @keydown=${step}>
      ${TABS.map(
        (each) =>
          html`<button
            id="tab-${each}"
            role="tab"
            data-testid="tab-${each}"
            aria-selected=${each === tab}
            aria-controls="content"
            tabindex=${each === tab ? 0 : -1}
            @click=${() => {
              onTab(each);
            }}
          >
            ${TITLES[each]}
          </button>`,
      )}
    </div>
    <div class="content" id="content" role="tabpanel" aria-labelledby="tab-${tab}" tabindex="0">
      ${content(tab, state, device)}
    </div>
  </aside>`;
}

function content(tab: Tab, state: ProjectState, device: DeviceFigures): TemplateResult {
  switch (tab) {
    case "photos":
      return html`<cairn-uploads .uploads=${state.uploads}></cairn-uploads>`;
    case "activity":
      return html`<cairn-activity .entries=${state.activity}></cairn-activity>`;
    case "figures":
      return html`<cairn-statistics .state=${state} .device=${device}></cairn-statistics>`;
  }
}
