/** Which tools are there? A toolbar of buttons, most of them with a keyboard shortcut. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { fitIcon, framesIcon, imageIcon, panelIcon, rulerIcon, saveIcon, shareIcon, sunIcon } from "./icons";
import type { Theme } from "./theme";

export type Tool =
  "front" | "side" | "top" | "keys" | "fit" | "cameras" | "measure" | "image" | "cloud" | "invite" | "theme" | "panel";

export const SHORTCUTS: Readonly<Record<string, Tool>> = {
  f: "fit",
  c: "cameras",
  m: "measure",
  s: "image",
  t: "theme",
  p: "panel",
  "1": "front",
  "3": "side",
  "7": "top",
  "?": "keys",
};

export interface Tools {
  readonly theme: Theme;
  readonly hasCameras: boolean;
  readonly isMeasuring: boolean;
  readonly isPanelOpen: boolean;
  readonly hasCloud: boolean;
  readonly canInvite: boolean;
  readonly act: (tool: Tool) => void;
}

interface Button {
  readonly tool: Tool;
  readonly label: string;
  readonly icon: TemplateResult;
  readonly isIdle?: boolean;
  /** Whether the button is pressed; missing for a button that is no switch. */
  readonly isOn?: boolean;
}

export function toolbar(tools: Tools): TemplateResult {
  const isIdle = !tools.hasCloud;
  const buttons: readonly Button[] = [
    { tool: "fit", label: "Show the whole object (F)", icon: fitIcon, isIdle },
    { tool: "cameras", label: "Show where photos were taken (C)", icon: framesIcon, isIdle, isOn: tools.hasCameras },
    { tool: "measure", label: "Measure a distance (M)", icon: rulerIcon, isOn: tools.isMeasuring, isIdle },
    { tool: "image", label: "Save an image (S)", icon: imageIcon, isIdle },
    { tool: "cloud", label: "Save the points as PLY", icon: saveIcon, isIdle },
    { tool: "invite", label: tools.canInvite ? "Invite others" : "Share this page", icon: shareIcon },
    { tool: "theme", label: `Theme: ${tools.theme} (T)`, icon: sunIcon },
    { tool: "panel", label: "Photos, activity and figures (P)", icon: panelIcon, isOn: tools.isPanelOpen },
  ];
  return html`<nav class="tools" aria-label="Tools">${buttons.map((button) => draw(button, tools.act))}</nav>`;
}

function draw({ icon, isIdle = false, isOn, label, tool }: Button, act: (tool: Tool) => void): TemplateResult {
  return html`<button
    class="plain ${tool}"
    data-testid="tool-${tool}"
    title=${label}
    aria-label=${label}
    aria-pressed=${isOn ?? nothing}
    ?disabled=${isIdle}
    @click=${() => {
      act(tool);
    }}
  >
    ${icon}
  </button>`;
}
