/** How is one photograph looked at? Full screen: pinch and wheel zoom, arrow keys to its neighbours, Escape to leave. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { Image } from "../../scene/images";
import type { Zoom } from "../../scene/zoom";
import { WHOLE, moved, zoomed } from "../../scene/zoom";
import { closeIcon, eyeIcon, nextIcon, previousIcon } from "../icons";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";
import "../photographs/photo";
import type { WholePhotograph } from "../photographs/loaded";
import { sharedParts } from "../theme";
import { imageTitle } from "../words";

const DOUBLE_TAP_FACTOR = 2.5;

@customElement("cairn-photo-viewer")
export class PhotoViewer extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      dialog {
        width: 100vw;
        height: 100dvh;
        max-width: none;
        max-height: none;
        margin: 0;
        padding: 0;
        border: 0;
        overflow: hidden;
        background: #000;
        color: #fff;
      }
      .frame {
        position: absolute;
        inset: 0;
        touch-action: none;
        cursor: grab;
        outline: none;
      }
      cairn-photo {
        width: 100%;
        height: 100%;
        background: none;
        --fit: contain;
        transform-origin: center;
      }
      .bar {
        position: absolute;
        left: 0;
        right: 0;
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 10px max(12px, env(safe-area-inset-right)) 10px max(12px, env(safe-area-inset-left));
        background: rgb(0 0 0 / 0.62);
      }
      .top {
        top: 0;
      }
      .bottom {
        bottom: 0;
        justify-content: center;
        padding-bottom: max(10px, env(safe-area-inset-bottom));
      }
      h2 {
        flex: 1;
        font-size: 1rem;
        overflow-wrap: anywhere;
      }
      .note {
        font-size: 0.9rem;
      }
      button {
        color: inherit;
        border-color: rgb(255 255 255 / 0.4);
      }
      button:focus-visible {
        outline: 2px solid #fff;
      }
    `,
  ];

  @property({ attribute: false }) image!: Image;
  @property({ attribute: false }) thumbnail: Uint8Array<ArrayBuffer> | null = null;
  @property({ attribute: false }) whole: WholePhotograph = "loading";
  @property({ attribute: false }) hasPrevious = false;
  @property({ attribute: false }) hasNext = false;

  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query(".frame") private readonly frame!: HTMLElement;
  @query("cairn-photo") private readonly photo!: HTMLElement;
  @state() private zoom: Zoom = WHOLE;
  private readonly fingers = new Map<number, { readonly x: number; readonly y: number }>();

  override render(): TemplateResult {
    const { image, thumbnail, whole } = this;
    const { scale } = this.zoom;
    const title = imageTitle(image);
    return html`<dialog
      aria-label=${title}
      data-testid="photo-viewer"
      data-whole=${whole instanceof Uint8Array ? "here" : whole}
      @close=${() => {
        this.tell("close", null);
      }}
      @keydown=${this.pressed}
    >
      <div
        class="frame"
        tabindex="-1"
        data-testid="photo-frame"
        data-scale=${scale.toFixed(2)}
        @wheel=${this.wheeled}
        @dblclick=${(event: MouseEvent) => {
          this.zoom = scale > 1 ? WHOLE : zoomed(this.zoom, DOUBLE_TAP_FACTOR, this.place(event), this.size);
        }}
        @pointerdown=${this.grasped}
        @pointermove=${this.dragged}
        @pointerup=${this.released}
        @pointercancel=${this.released}
      >
        <cairn-photo
          .bytes=${whole instanceof Uint8Array ? whole : thumbnail}
          .words=${t("card.photo", { image: title })}
        ></cairn-photo>
      </div>
      <div class="bar top">
        <h2>${image.fileName === null ? title : `${title} · ${image.fileName}`}</h2>
        ${this.button(t("photo.close"), closeIcon, () => {
          this.dialog.close();
        })}
      </div>
      ${this.bar()}
    </dialog>`;
  }

  private bar(): TemplateResult {
    const { image } = this;
    return html`<div class="bar bottom">
      ${
        this.hasPrevious
          ? this.button(t("photo.previous"), previousIcon, () => {
              this.tell("turn", -1);
            })
          : nothing
      }
      ${this.note()}
      ${
        image.isPlaced
          ? html`<button
              class="quiet"
              data-testid="lay-over"
              @click=${() => {
                this.tell("lay-over", image.imageId);
              }}
            >
              ${eyeIcon}${t("photo.lay_over")}
            </button>`
          : nothing
      }
      ${
        this.hasNext
          ? this.button(t("photo.next"), nextIcon, () => {
              this.tell("turn", 1);
            })
          : nothing
      }
    </div>`;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
  }

  /** Move the photograph here: the page's security policy forbids styles in templates. */
  protected override updated(): void {
    // The button at the last photograph goes, and the keys would go to the page with it.
    if (this.dialog.open && this.shadowRoot?.activeElement === null) this.frame.focus();
    const { scale, x, y } = this.zoom;
    this.photo.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const before = changed.get("image") as Image | undefined;
    if (before && before.imageId !== this.image.imageId) this.zoom = WHOLE;
  }

  private note(): TemplateResult | typeof nothing {
    const { image, whole } = this;
    if (whole === "loading") return html`<span class="note" role="status">${t("photo.loading")}</span>`;
    if (whole === "missing") return html`<span class="note" role="status">${t("photo.small_only")}</span>`;
    return image.hasOriginal ? nothing : html`<span class="note" role="status">${t("image.preview_only")}</span>`;
  }

  private button(words: string, sign: TemplateResult, act: () => void): TemplateResult {
    return html`<button class="plain" aria-label=${words} title=${words} @click=${act}>${sign}</button>`;
  }

  private get size(): { readonly width: number; readonly height: number } {
    return { width: this.dialog.clientWidth, height: this.dialog.clientHeight };
  }

  /** A place on the screen, from its middle. */
  private place({ clientX, clientY }: { clientX: number; clientY: number }): {
    readonly x: number;
    readonly y: number;
  } {
    const { height, width } = this.size;
    return { x: clientX - width / 2, y: clientY - height / 2 };
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    event.stopPropagation(); // the keys of the object are not meant
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) this.tell("turn", step);
    const factor = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 }[event.key];
    if (factor !== undefined) this.zoom = zoomed(this.zoom, factor, { x: 0, y: 0 }, this.size);
  };

  private readonly wheeled = (event: WheelEvent): void => {
    event.preventDefault();
    this.zoom = zoomed(this.zoom, Math.exp(-event.deltaY / 400), this.place(event), this.size);
  };

  private readonly grasped = (event: PointerEvent): void => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.place(event));
  };

  private readonly dragged = (event: PointerEvent): void => {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    if (event.buttons === 0) {
      this.released(event); // the button went up over the browser's menu
      return;
    }
    const now = this.place(event);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, now);
    if (!other) {
      this.zoom = moved(this.zoom, { x: now.x - before.x, y: now.y - before.y }, this.size);
      return;
    }
    const apart = (one: typeof now): number => Math.hypot(one.x - other.x, one.y - other.y);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.zoom = zoomed(this.zoom, apart(now) / Math.max(1, apart(before)), middle, this.size);
  };

  private readonly released = ({ pointerId }: PointerEvent): void => {
    this.fingers.delete(pointerId);
  };

  private tell(name: "close" | "turn" | "lay-over", detail: number | string | null): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
