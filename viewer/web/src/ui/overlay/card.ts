/** What does the page show of one image? A card with photograph, number, state and a button that flies there. */
import type { TemplateResult } from "lit";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { TOOLS_PX, low, narrow, px } from "../breakpoints";
import type { Image } from "../../scene/images";
import { closeIcon, flyIcon, nextIcon, previousIcon } from "../icons";
import "../photo";
import { sharedParts } from "../theme";
import { t } from "../language/t";
import { imageStateWords, imageTitle } from "../words";

@customElement("cairn-card")
export class Card extends LitElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        position: absolute;
        left: 24px;
        bottom: calc(max(24px, env(safe-area-inset-bottom)) + 122px);
        width: 300px;
        border-radius: 20px;
        border: 1px solid var(--line);
        background: var(--panel);
        backdrop-filter: var(--blur);
        box-shadow: var(--shadow);
        overflow: hidden;
        outline: none;
        animation: rise 0.3s cubic-bezier(0.22, 1, 0.36, 1);
      }
      :host(:focus-visible) {
        box-shadow: 0 0 0 2px var(--accent);
      }
      cairn-photo {
        width: 100%;
        aspect-ratio: 4 / 3;
      }
      .texts {
        padding: 14px 18px 4px;
      }
      .title {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: 12px;
      }
      h2 {
        font-size: 1.2rem;
        font-variant-numeric: tabular-nums;
      }
      .state {
        font-size: 0.86rem;
        font-weight: 550;
        color: var(--ink-soft);
      }
      .state.placed {
        color: var(--good);
      }
      .state.processing,
      .state.waiting {
        color: var(--busy);
      }
      .state.rejected,
      .state.failed {
        color: var(--bad);
      }
      .file {
        margin-top: 3px;
        color: var(--ink-soft);
        font-size: 0.86rem;
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .reason {
        margin-top: 5px;
        color: var(--ink-soft);
        font-size: 0.9rem;
        line-height: 1.45;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        gap: 4px;
        padding: 8px 12px 12px;
      }
      .fly {
        flex: 1;
        padding: 0 14px;
        white-space: nowrap;
        margin-left: 6px;
      }
      .close {
        position: absolute;
        top: 8px;
        right: 8px;
        border-radius: 50%;
        background: var(--panel-solid);
        border: 1px solid var(--line);
      }
      @keyframes rise {
        from {
          opacity: 0;
          translate: 0 14px;
        }
      }
      @media ${narrow} {
        :host {
          left: 12px;
          right: 12px;
          bottom: calc(144px + env(safe-area-inset-bottom));
          width: auto;
          display: grid;
          grid-template-columns: 124px 1fr;
          grid-template-rows: 1fr auto;
        }
        cairn-photo {
          grid-row: 1 / 3;
          height: 100%;
          min-height: 132px;
          aspect-ratio: auto;
        }
        .texts {
          padding: 12px 60px 0 14px;
          min-width: 0;
        }
        .title {
          display: block;
        }
        .reason {
          font-size: 0.85rem;
        }
        .buttons {
          padding: 6px 10px 10px;
        }
      }
      @media (max-width: 430px) {
        :host {
          grid-template-columns: 96px 1fr;
        }
        .fly {
          padding: 0 8px;
          margin-left: 0;
        }
      }
      @media ${low} {
        :host {
          left: max(12px, env(safe-area-inset-left));
          bottom: 58px;
          width: min(300px, calc(100% - ${px(2 * TOOLS_PX)}));
          max-height: calc(100% - 124px);
          overflow-y: auto;
          scrollbar-width: thin;
        }
        cairn-photo {
          aspect-ratio: 2.6;
        }
        .texts {
          padding: 8px 16px 0;
        }
        .buttons {
          padding: 4px 10px 8px;
        }
      }
    `,
  ];

  @property({ attribute: false }) image!: Image;
  @property({ attribute: false }) photo: Uint8Array<ArrayBuffer> | null = null;
  @property({ attribute: false }) hasPrevious = false;
  @property({ attribute: false }) hasNext = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.tabIndex = -1;
    this.setAttribute("role", "region");
  }

  override render(): TemplateResult {
    const { image, photo } = this;
    const title = imageTitle(image);
    this.setAttribute("aria-label", title);
    return html`<cairn-photo .bytes=${photo} .words=${`Photo of ${title.toLowerCase()}`}></cairn-photo>
      <div class="texts">
        <div class="title">
          <h2>${title}</h2>
          <span class="state ${image.state}" data-testid="card-state">${imageStateWords(image.state)}</span>
        </div>
        ${
          image.fileName === null
            ? nothing
            : html`<p class="file" data-testid="card-file" title=${image.imageId}>${image.fileName}</p>`
        }
        ${image.reason === null ? nothing : html`<p class="reason">${image.reason}</p>`}
        ${image.hasOriginal ? nothing : html`<p class="reason" data-testid="preview-only">${t("image.preview_only")}</p>`}
      </div>
      <div class="buttons">
        ${this.turn("Previous image", previousIcon, -1, this.hasPrevious)}
        ${this.turn("Next image", nextIcon, 1, this.hasNext)}
        <button
          class="primary fly"
          data-testid="fly"
          ?disabled=${!image.isPlaced}
          title=${image.isPlaced ? "Go to where this photo was taken" : "This image is not placed yet"}
          @click=${() => {
            this.tell("fly", image.imageId);
          }}
        >
          ${flyIcon}Fly to
        </button>
      </div>
      <button
        class="plain close"
        aria-label="Close"
        @click=${() => {
          this.tell("dismiss", null);
        }}
      >
        ${closeIcon}
      </button>`;
  }

  private turn(words: string, sign: TemplateResult, step: 1 | -1, isThere: boolean): TemplateResult {
    return html`<button
      class="plain"
      aria-label=${words}
      title=${words}
      ?disabled=${!isThere}
      @click=${() => {
        this.tell("turn", step);
      }}
    >
      ${sign}
    </button>`;
  }

  private tell(name: "fly" | "dismiss" | "turn", detail: string | number | null): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
