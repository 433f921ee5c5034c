/** Which tools lie at hand? One row on a desktop, one column on a phone. */
import type { TemplateResult } from "lit";
import { html } from "lit";

import { fitIcon, framesIcon, imageIcon, panelIcon, rulerIcon, saveIcon, sunIcon } from "./icons";
import type { Theme } from "./theme";

export interface Tools {
  readonly theme: Theme;
  readonly hasCameras: boolean;
  readonly isMeasuring: boolean;
  readonly isPanelOpen: boolean;
  readonly hasCloud: boolean;
  readonly onFit: () => void;
  readonly onCameras: () => void;
  readonly onMeasure: () => void;
  readonly onImage: () => void;
  readonly onCloud: () => void;
  readonly onTheme: () => void;
  readonly onPanel: () => void;
}

export function toolbar(tools: Tools): TemplateResult {
  const isIdle = !tools.hasCloud;
  return html`<nav class="tools" aria-label="Tools">
    ${tool("fit", "See the whole (F)", fitIcon, tools.onFit, isIdle)}
    ${toggle("cameras", "Show where photos were taken (C)", framesIcon, tools.onCameras, tools.hasCameras)}
    ${toggle("measure", "Measure a distance (M)", rulerIcon, tools.onMeasure, tools.isMeasuring)}
    ${tool("save-image", "Save an image (S)", imageIcon, tools.onImage, isIdle)}
    ${tool("save-cloud", "Save the points as PLY", saveIcon, tools.onCloud, isIdle)}
    ${tool("theme", `Theme: ${tools.theme} (T)`, sunIcon, tools.onTheme, false)}
    ${toggle("panel", "Photos, activity and figures (P)", panelIcon, tools.onPanel, tools.isPanelOpen, "panel-tool")}
  </nav>`;
}

function tool(id: string, label: string, icon: TemplateResult, onClick: () => void, isIdle: boolean): TemplateResult {
  return html`<button
    class="plain"
    data-testid="tool-${id}"
    title=${label}
    aria-label=${label}
    ?disabled=${isIdle}
    @click=${onClick}
  >
    ${icon}
  </button>`;
}

function toggle(
  id: string,
  label: string,
  icon: TemplateResult,
  onClick: () => void,
  isOn: boolean,
  kind = "",
): TemplateResult {
  return html`<button
    class="plain ${kind}"
    data-testid="tool-${id}"
    title=${label}
    aria-label=${label}
    aria-pressed=${isOn}
    @click=${onClick}
  >
    ${icon}
  </button>`;
}
