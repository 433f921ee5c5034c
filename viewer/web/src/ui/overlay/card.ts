/** What does the page show of one image? A card with photograph, number, state and a button that flies there. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Image } from "../../scene/images";
import type { CameraEntry } from "../../wire/contract";
import { cardStyles } from "./card-styles";
import { closeIcon, flyIcon, nextIcon, previousIcon } from "../icons";
import "../photographs/photo";
import { sharedParts } from "../theme";
import { reasonWords, t } from "../language/t";
import { imageStateWords, imageTitle } from "../words";
import { LocalizedElement } from "../language/localized";

@customElement("cairn-card")
export class Card extends LocalizedElement {
  static override readonly styles = [sharedParts, cardStyles];

  @property({ attribute: false }) image!: Image;
  @property({ attribute: false }) photo: Uint8Array<ArrayBuffer> | null = null;
  /** The nearest image that has a place, of one that has none. */
  @property({ attribute: false }) nearest: CameraEntry | null = null;
  /** How much of the photograph lies over the object; null: it does not. */
  @property({ attribute: false }) laidOver: number | null = null;
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
    return html`<button
        class="open"
        data-testid="open-photo"
        aria-label=${t("photo.open")}
        title=${t("photo.open")}
        @click=${() => {
          this.tell("open", image.imageId);
        }}
      >
        <cairn-photo .bytes=${photo} .words=${t("card.photo", { image: title })}></cairn-photo>
      </button>
      <div class="texts">
        <div class="title">
          <h2>${title}</h2>
          <span class="state ${image.state}" data-testid="card-state">${imageStateWords(image.state)}</span>
        </div>
        ${
          image.fileName === null
            ? nothing
            : html`<p class="file" data-testid="card-file" title=${`${image.fileName}\n${image.imageId}`}>
                ${image.fileName}
              </p>`
        }
        ${image.reason === null ? nothing : html`<p class="reason">${reasonWords(image.code, image.reason)}</p>`}
        ${image.hasOriginal ? nothing : html`<p class="reason" data-testid="preview-only">${t("image.preview_only")}</p>`}
      </div>
      ${this.laidOver === null ? nothing : this.slider(this.laidOver)}
      <div class="buttons">
        ${this.turn(t("card.previous"), previousIcon, -1, this.hasPrevious)}
        ${this.turn(t("card.next"), nextIcon, 1, this.hasNext)} ${this.fly()}
      </div>
      <button
        class="plain close"
        aria-label=${t("close")}
        @click=${() => {
          this.tell("dismiss", null);
        }}
      >
        ${closeIcon}
      </button>`;
  }

  private slider(value: number): TemplateResult {
    return html`<input
      class="opacity"
      type="range"
      min="0"
      max="1"
      step="0.02"
      data-testid="opacity"
      aria-label=${t("photo.opacity")}
      title=${t("photo.opacity")}
      .value=${String(value)}
      @input=${(event: Event) => {
        this.tell("lay-over", Number((event.target as HTMLInputElement).value));
      }}
    />`;
  }

  /** The button that flies there, or, of an image without a place, to the nearest one that has a place. */
  private fly(): TemplateResult | typeof nothing {
    const { image, nearest } = this;
    if (!image.isPlaced && nearest === null) return nothing;
    const target = image.isPlaced ? image.imageId : (nearest?.image_id ?? "");
    const title = image.isPlaced ? t("card.fly.title") : t("photo.nearest", { number: nearest?.image_number ?? 0 });
    return html`<button
      class="primary fly"
      data-testid="fly"
      title=${title}
      @click=${() => {
        this.tell("fly", target);
      }}
    >
      ${flyIcon}${image.isPlaced ? t("card.fly") : t("photo.show_where")}
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

  private tell(name: "fly" | "dismiss" | "turn" | "open" | "lay-over", detail: string | number | null): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
