/** What does the side panel show? Three tabs: photos, activity and figures. */
import type { TemplateResult } from "lit";
import { css, html } from "lit";

import { LOW_PANEL_PX, LOW_PANEL_SHARE, low, narrow, px, share } from "../breakpoints";
import "../language/picker";
import type { ProjectState } from "../../scene/state";
import "./activity";
import "./images";
import "./rigs";
import type { DeviceFigures } from "./statistics";
import "./statistics";
import "./uploads";
import type { Waits } from "../photographs/waits";
import { t } from "../language/t";
import { TAB_PANEL, tabList } from "../tabs";

export const TABS = ["photos", "activity", "figures"] as const;
export type Tab = (typeof TABS)[number];

export const panelStyles = css`
  .panel {
    position: absolute;
    top: 92px;
    right: 24px;
    bottom: 24px;
    width: 360px;
    display: flex;
    flex-direction: column;
    border-radius: 20px;
    border: 1px solid var(--line);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    overflow: hidden;
    transition:
      translate 0.42s cubic-bezier(0.22, 1, 0.36, 1),
      opacity 0.3s ease,
      visibility 0.42s;
  }
  .panel.closed {
    translate: 32px 0;
    opacity: 0;
    visibility: hidden;
  }
  .tabs {
    display: flex;
    flex: none;
    padding: 8px 8px 0;
    border-bottom: 1px solid var(--line);
  }
  .tabs button {
    flex: 1;
    border-radius: 12px 12px 0 0;
    padding: 0 8px;
    color: var(--ink-soft);
    border-bottom: 2px solid transparent;
  }
  .tabs button[aria-selected="true"] {
    color: var(--ink);
    border-bottom-color: var(--accent);
    font-weight: 600;
  }
  .content {
    flex: 1;
    overflow-y: auto;
    overscroll-behavior: contain;
    padding: 18px 20px 22px;
    scrollbar-width: thin;
    outline-offset: -2px;
  }
  @media ${narrow} {
    .panel {
      position: static;
      width: auto;
      min-height: 0;
      flex: 1;
      border: 0;
      border-top: 1px solid var(--line);
      border-radius: 0;
      background: none;
      backdrop-filter: none;
      box-shadow: none;
    }
    .panel.closed {
      translate: none;
      opacity: 1;
    }
  }
  @media ${low} {
    .panel {
      top: 8px;
      right: calc(max(8px, env(safe-area-inset-right)) + var(--tools) - 8px);
      bottom: 8px;
      width: min(${px(LOW_PANEL_PX)}, ${share(LOW_PANEL_SHARE)});
    }
    .content {
      padding: 12px 14px 14px;
    }
  }
`;

export interface Panel {
  readonly state: ProjectState;
  readonly device: DeviceFigures;
  readonly tab: Tab;
  readonly isOpen: boolean;
  /** The id of the selected image. */
  readonly selected: string | null;
  readonly waits: Waits;
  readonly onTab: (tab: Tab) => void;
}

export function panel(given: Panel): TemplateResult {
  const { isOpen, onTab, tab } = given;
  return html`<aside class="panel ${isOpen ? "open" : "closed"}" data-testid="panel" aria-label=${t("panel")}>
    ${tabList({ label: t("tabs"), tabs: TABS, open: tab, words: (each) => t(`tab.${each}`), onOpen: onTab })}
    <div class="content" id=${TAB_PANEL} role="tabpanel" aria-labelledby="tab-${tab}" tabindex="0">
      ${content(given)}<cairn-language></cairn-language>
    </div>
  </aside>`;
}

function content({ device, selected, state, tab, waits }: Panel): TemplateResult {
  switch (tab) {
    case "photos":
      return html`<cairn-uploads
          .uploads=${state.uploads}
          .isOnline=${state.link.kind === "connected"}
          .isRefused=${state.refused.photographs}
          .waits=${waits}
        ></cairn-uploads>
        <cairn-images .images=${state.images} .thumbnails=${state.thumbnails} .selected=${selected}></cairn-images>`;
    case "activity":
      return html`<cairn-rigs
          .rigs=${state.rigs}
          .images=${state.images}
          .thumbnails=${state.thumbnails}
          .watchers=${state.watchers}
        ></cairn-rigs>
        <cairn-activity .entries=${state.activity}></cairn-activity>`;
    case "figures":
      return html`<cairn-statistics .state=${state} .device=${device}></cairn-statistics>`;
  }
}
