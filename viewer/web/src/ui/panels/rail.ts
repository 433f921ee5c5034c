/** How many images are left until the next rebuild? A row of stones, one for each image between two rebuilds. */
import type { TemplateResult } from "lit";
import { css, html, svg } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { ImageState, ImagesState } from "../../scene/images";
import { placeInRound } from "../../scene/images";
import { low } from "../breakpoints";
import { percent } from "../format";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";
import { sharedParts } from "../theme";

type StoneState = ImageState | "open";

const STEP = 34;
const MOST_STONES = 20;
/** Half-axes of the stones, in turn, so that they look irregular. */
const WIDTHS = [11.5, 10, 12.2, 10.6, 11.2] as const;
const HEIGHTS = [8.2, 9, 7.6, 8.6, 8.9] as const;

@customElement("cairn-rail")
export class Rail extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: block;
      }
      .caption {
        display: flex;
        justify-content: space-between;
        gap: 16px;
        align-items: baseline;
        margin-bottom: 4px;
      }
      .caption strong {
        font: 600 1rem/1.3 var(--serif);
        white-space: nowrap;
      }
      .caption span {
        color: var(--ink-soft);
        font-size: 0.85rem;
        text-align: right;
      }
      svg.stones {
        display: block;
        width: 100%;
        height: auto;
        max-height: 44px;
        overflow: visible;
      }
      .known {
        cursor: pointer;
      }
      .selected .stone {
        stroke: var(--accent);
        stroke-width: 2.5;
      }
      .selected text {
        fill: var(--accent);
        font-weight: 700;
      }
      .ground {
        stroke: var(--line-strong);
        stroke-width: 1.5;
        stroke-linecap: round;
      }
      .stone {
        fill: var(--panel-solid);
        stroke: var(--ink-faint);
        stroke-width: 1.5;
        transition:
          fill 0.5s ease,
          stroke 0.5s ease;
      }
      .stone.placed {
        fill: var(--ink-soft);
        stroke: var(--ink-soft);
      }
      .stone.queued {
        stroke: var(--ink-soft);
        stroke-dasharray: 3 3;
      }
      .stone.processing {
        fill: var(--accent);
        stroke: var(--accent);
        animation: breathe 1.4s ease-in-out 3;
      }
      .stone.waiting {
        stroke: var(--busy);
        fill: var(--panel-solid);
      }
      .stone.rejected,
      .stone.failed {
        stroke: var(--bad);
        fill: var(--panel-solid);
      }
      .cap {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.5;
      }
      text {
        fill: var(--ink-soft);
        font: 550 11.5px var(--sans);
        text-anchor: middle;
        font-variant-numeric: tabular-nums;
      }
      @keyframes breathe {
        50% {
          opacity: 0.45;
        }
      }
      @media ${low} {
        .caption {
          margin: 0;
          white-space: nowrap;
        }
        .caption span {
          overflow: hidden;
          text-overflow: ellipsis;
        }
        svg.stones {
          display: none; /* one line is all that a low window has room for */
        }
      }
    `,
  ];

  @property({ attribute: false }) images!: ImagesState;
  /** The id of the selected image. */
  @property({ attribute: false }) selected: string | null = null;

  override render(): TemplateResult {
    const { every, place } = placeInRound(this.images);
    const newest = this.images.processing ?? this.images.imageCount;
    const first = Math.max(newest, 1) - Math.max(place, 1) + 1;
    const [title, next] = [
      place === 0 ? t("rail.none") : t("image.number", { number: newest }),
      this.next(place, every),
    ];
    const stones = Math.min(every, MOST_STONES);
    // Of a longer round the newest stones are shown, and the rebuild when it is the next.
    const skipped = Math.min(Math.max(0, place - stones), every - stones);
    const width = STEP * stones;
    return html`
      <div class="caption">
        <strong data-testid="rail-place">${title}</strong>
        <span title=${next}>${next}</span>
      </div>
      <svg class="stones" viewBox="0 0 ${width} 42" role="img" aria-label=${`${title} · ${next}`}>
        <line class="ground" x1="6" y1="15" x2=${width - 6} y2="15" />
        ${Array.from({ length: stones }, (_, index) =>
          this.stone(first + skipped + index, index, skipped + index === every - 1),
        )}
      </svg>
    `;
  }

  private stone(number: number, index: number, isLast: boolean): TemplateResult {
    const x = STEP * (index + 0.5);
    const state = this.stateOf(number);
    const words = { image: t("image.number", { number }), state: t(`image.${state}`) };
    const label = t(isLast ? "rail.stone_rebuild" : "image.state", words);
    const imageId = this.images.tracks.get(number)?.imageId ?? null;
    const look = `${imageId === null ? "" : "known"} ${imageId !== null && imageId === this.selected ? "selected" : ""}`;
    return svg`<g class=${look} data-testid="stone" data-state=${state} data-refetch=${isLast}
      @click=${() => {
        if (imageId !== null)
          this.dispatchEvent(new CustomEvent("choose", { detail: imageId, bubbles: true, composed: true }));
      }}>
      <title>${label}</title>
      <rect x=${x - STEP / 2} y="-2" width=${STEP} height="44" fill="transparent" />
      ${isLast ? svg`<ellipse class="cap" cx=${x} cy="15" rx="15.2" ry="13" />` : null}
      <ellipse class="stone ${state}" cx=${x} cy="15" rx=${WIDTHS[index % 5] ?? 11} ry=${HEIGHTS[index % 5] ?? 8} />
      <text x=${x} y="40">${number}</text>
    </g>`;
  }

  private stateOf(number: number): StoneState {
    const track = this.images.tracks.get(number);
    if (track) return track.state;
    return number <= this.images.imageCount ? "placed" : "open";
  }

  private next(place: number, every: number): string {
    const { refetch } = this.images;
    if (refetch && refetch.doneRatio > 0) return t("chip.rebuilding_percent", { percent: percent(refetch.doneRatio) });
    if (refetch) return t("chip.rebuilding");
    if (place === every) return t("rail.now");
    return place === 0 ? t("rail.every", { count: every }) : t("rail.next", { count: every - place });
  }
}
