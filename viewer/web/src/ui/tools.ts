/** Which tools are there? A toolbar of buttons, most of them with a keyboard shortcut. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import {
  coverageIcon,
  fitIcon,
  framesIcon,
  imageIcon,
  notesIcon,
  panelIcon,
  rulerIcon,
  saveIcon,
  shareIcon,
  sunIcon,
  viewsIcon,
} from "./icons";
import type { Theme } from "./theme";
import { t } from "./language/t";

export type Tool =
  | "front"
  | "side"
  | "top"
  | "keys"
  | "fit"
  | "cameras"
  | "coverage"
  | "measure"
  | "notes"
  | "views"
  | "image"
  | "cloud"
  | "invite"
  | "theme"
  | "panel";

export const SHORTCUTS: Readonly<Record<string, Tool>> = {
  f: "fit",
  c: "cameras",
  v: "coverage",
  m: "measure",
  n: "notes",
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
  readonly hasCoverage: boolean;
  readonly isMeasuring: boolean;
  readonly isAnnotating: boolean;
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
    { tool: "fit", label: t("tool.fit"), icon: fitIcon, isIdle },
    { tool: "cameras", label: t("tool.cameras"), icon: framesIcon, isIdle, isOn: tools.hasCameras },
    { tool: "coverage", label: t("tool.coverage"), icon: coverageIcon, isIdle, isOn: tools.hasCoverage },
    { tool: "measure", label: t("tool.measure"), icon: rulerIcon, isOn: tools.isMeasuring, isIdle },
    { tool: "notes", label: t("tool.notes"), icon: notesIcon, isOn: tools.isAnnotating, isIdle },
    { tool: "views", label: t("tool.views"), icon: viewsIcon, isIdle },
    { tool: "image", label: t("tool.image"), icon: imageIcon, isIdle },
    { tool: "cloud", label: t("tool.cloud"), icon: saveIcon, isIdle },
    { tool: "invite", label: t(tools.canInvite ? "invite" : "share"), icon: shareIcon },
    { tool: "theme", label: t("tool.theme", { theme: t(`theme.${tools.theme}`) }), icon: sunIcon },
    { tool: "panel", label: t("tool.panel"), icon: panelIcon, isOn: tools.isPanelOpen },
  ];
  return html`<nav class="tools" aria-label=${t("tools")}>${buttons.map((button) => draw(button, tools.act))}</nav>`;
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
