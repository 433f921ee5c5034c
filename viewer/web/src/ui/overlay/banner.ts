/** What needs attention while the object is on screen? The most urgent banner, with a button for it. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";

import { LOW_BANNER_PX, TABLET_PX, low, narrow, px, wide } from "../breakpoints";
import type { Banner } from "../../scene/status";
import { bannerOf } from "../../scene/status";
import type { ProjectState } from "../../scene/state";
import { closeIcon } from "../icons";
import { bannerWords } from "../words";
import { t } from "../language/t";

export const bannerStyles = css`
  .banner {
    position: absolute;
    top: 92px;
    left: 24px;
    display: flex;
    align-items: center;
    gap: 6px;
    max-width: min(520px, calc(100% - 448px));
    min-height: 52px;
    padding: 4px 6px 4px 18px;
    border-radius: 16px;
    border: 1px solid var(--line);
    border-left: 4px solid var(--busy);
    background: var(--panel);
    backdrop-filter: var(--blur);
    box-shadow: var(--shadow);
    font-size: 0.92rem;
    line-height: 1.4;
    overflow: hidden;
    animation: appear 0.3s ease;
  }
  @media ${wide} and (max-width: ${px(TABLET_PX)}) {
    .banner {
      top: 116px;
    }
  }
  .banner.bad {
    border-left-color: var(--bad);
  }
  .banner p {
    flex: 1;
    padding: 6px 8px 6px 0;
  }
  .banner button {
    flex: none;
    color: var(--accent);
    font-weight: 600;
  }
  .banner progress {
    position: absolute;
    left: 0;
    right: 0;
    bottom: 0;
    width: 100%;
    height: 3px;
    border: 0;
    appearance: none;
    background: none;
  }
  .banner progress::-webkit-progress-bar {
    background: none;
  }
  .banner progress::-webkit-progress-value {
    background: var(--busy);
  }
  .banner progress::-moz-progress-bar {
    background: var(--busy);
  }
  @media ${narrow}, ${low}, ${wide} and (max-width: ${px(TABLET_PX)}) {
    .banner {
      flex-wrap: wrap;
      gap: 0;
      font-size: 0.88rem;
    }
    .banner p {
      flex-basis: 100%;
      padding-bottom: 0;
    }
    .banner button {
      margin-left: -15px; /* aligns the button's text with the sentence above */
    }
    .banner button.plain {
      margin-left: auto;
    }
  }
  @media ${narrow} {
    .banner {
      top: 76px;
      left: 16px;
      right: 80px;
      max-width: none;
      padding-left: 14px;
    }
    :host([panel="open"]) .banner,
    :host([card="open"]) .banner {
      display: none; /* the open sheet shows the details, and the tools lie here */
    }
  }
  @media ${low} {
    .banner {
      top: 62px;
      left: max(12px, env(safe-area-inset-left));
      max-width: ${px(LOW_BANNER_PX)};
      min-height: 48px;
    }
    :host([panel="open"]) .banner,
    :host([card="open"]) .banner {
      display: none;
    }
  }
`;

export type BannerAction = "reconnect" | "ping" | "resync" | "figures" | "photos" | "activity";

export interface BannerOptions {
  readonly project: ProjectState;
  /** The kinds that this visitor has dismissed. */
  readonly dismissed: ReadonlySet<Banner["kind"]>;
  readonly act: (action: BannerAction) => void;
  readonly dismiss: (kind: Banner["kind"]) => void;
}

const ACTIONS: Readonly<Record<Banner["kind"], BannerAction>> = {
  reconnecting: "reconnect",
  stale: "ping",
  trouble: "activity",
  failed_shards: "resync",
  points_removed: "activity",
  uploading: "photos",
  rebuilding: "activity",
  further_parts: "photos",
  left_out: "figures",
};

export function banner({ act, dismiss, dismissed, project }: BannerOptions): TemplateResult | typeof nothing {
  const found = bannerOf(project, dismissed);
  if (!found) return nothing;
  const { kind } = found;
  const action = ACTIONS[kind];
  return html`<div
    class="banner ${kind === "stale" || kind === "trouble" || kind === "failed_shards" ? "bad" : ""}"
    role="status"
    data-testid="banner"
    data-kind=${kind}
  >
    <p>${bannerWords(found, project, navigator.onLine)}</p>
    <button
      data-testid="banner-action"
      @click=${() => {
        act(action);
      }}
    >
      ${t(`action.${action}`)}
    </button>
    ${
      kind === "further_parts" || kind === "left_out" || kind === "failed_shards"
        ? html`<button
            class="plain"
            aria-label=${t("dismiss")}
            @click=${() => {
              dismiss(kind);
            }}
          >
            ${closeIcon}
          </button>`
        : nothing
    }
    ${"doneRatio" in found ? html`<progress max="1" .value=${found.doneRatio} aria-label=${t("progress")}></progress>` : nothing}
  </div>`;
}
