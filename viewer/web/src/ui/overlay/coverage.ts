/** When are coverage and advice on the page? As soon as there are points; their part of the page is loaded after these. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { pointCount } from "../../scene/reference";
import type { ProjectState } from "../../scene/state";
import type { CairnViewer } from "../cairn-viewer";
import { ADVICE_BESIDE_PANEL_PX } from "../breakpoints";
import { layoutNow } from "../device";
import { need } from "../parts";

function isRoomBesidePanel({ clientWidth }: CairnViewer): boolean {
  return layoutNow() === "wide" && clientWidth >= ADVICE_BESIDE_PANEL_PX;
}

export function coverage(host: CairnViewer, project: ProjectState): TemplateResult | typeof nothing {
  const { session, stage, view } = host;
  if (pointCount(project.scene.shown) === 0 || !session) return nothing;
  need("coverage", () => import("../coverage/coverage"));
  const isCovered =
    view.isMeasuring || view.isAnnotating || view.selected !== null || (view.isPanelOpen && !isRoomBesidePanel(host));
  return html`<cairn-coverage
    .project=${project}
    .follower=${session.follower}
    .stage=${stage}
    .isOpen=${view.hasCoverage}
    .isQuiet=${isCovered}
    @toggle=${() => {
      host.commands.use("coverage");
    }}
    @choose=${host.chosen}
    @advise=${(event: CustomEvent<boolean>) => {
      host.change({ isAdvised: event.detail });
    }}
    @mark=${(event: CustomEvent<readonly string[]>) => {
      if (event.detail.join() !== host.view.marked.join()) host.change({ marked: event.detail });
    }}
  ></cairn-coverage>`;
}
