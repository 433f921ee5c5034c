/** Which photographs does the project have? A grid of all thumbnails, newest first. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { ImageTrack, ImagesState } from "../../scene/images";
import { isUnplaced, tracksInOrder } from "../../scene/images";
import type { Thumbnails } from "../../scene/thumbnails";
import "../photographs/photo";
import { sharedParts } from "../theme";
import { imageWords } from "../words";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

@customElement("cairn-images")
export class Images extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: block;
        margin-top: 22px;
      }
      ul {
        list-style: none;
        margin: 10px 0 0;
        padding: 0;
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(72px, 1fr));
        gap: 8px;
      }
      li button {
        position: relative;
        display: block;
        width: 100%;
        padding: 0;
        border: 2px solid transparent;
        border-radius: 12px;
        overflow: hidden;
      }
      cairn-photo {
        width: 100%;
        aspect-ratio: 1;
        border-radius: 9px;
      }
      .number {
        position: absolute;
        left: 4px;
        bottom: 4px;
        min-width: 22px;
        padding: 1px 6px;
        border-radius: 8px;
        background: var(--panel-solid);
        color: var(--ink);
        font-size: 0.78rem;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        text-align: center;
      }
      .preview {
        position: absolute;
        right: 4px;
        top: 4px;
        padding: 1px 6px;
        border-radius: 8px;
        background: var(--panel-solid);
        color: var(--ink-soft);
        font-size: 0.72rem;
      }
      .waiting .number,
      .processing .number,
      .queued .number {
        color: var(--busy);
      }
      .rejected .number,
      .failed .number {
        color: var(--bad);
      }
      li button:not(.placed) cairn-photo {
        opacity: 0.55;
      }
      .filter {
        margin-top: 10px;
      }
      .filter[aria-pressed="true"] {
        border-color: var(--accent);
      }
      li button[aria-pressed="true"] {
        border-color: var(--accent);
        background: none;
      }
    `,
  ];

  @property({ attribute: false }) images!: ImagesState;
  @property({ attribute: false }) thumbnails: Thumbnails = new Map();
  @property({ attribute: false }) selected: string | null = null;

  @state() private isFiltered = false;

  private readonly visible = new Set<string>();
  private readonly watched = new Set<Element>();
  private watcher: IntersectionObserver | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watcher?.disconnect();
    this.watcher = null;
    this.watched.clear();
    this.visible.clear();
  }

  override render(): TemplateResult | typeof nothing {
    const all = [...tracksInOrder(this.images)].reverse();
    if (all.length === 0) return nothing;
    const unplaced = all.filter(isUnplaced);
    const isFiltered = this.isFiltered && unplaced.length > 0;
    const tracks = isFiltered ? unplaced : all;
    return html`<h2>${t("photos.all")}</h2>
      ${unplaced.length === 0 ? nothing : this.filter(unplaced.length, isFiltered)}
      <ul data-testid="images">
        ${repeat(
          tracks,
          ({ imageId }) => imageId,
          (track) => html`<li>${this.entry(track)}</li>`,
        )}
      </ul>`;
  }

  /** Observe new entries, because only visible thumbnails are fetched. */
  protected override updated(): void {
    this.watcher ??= new IntersectionObserver((changes) => {
      this.sight(changes);
    });
    for (const gone of this.watched) if (!gone.isConnected) this.forget(gone);
    for (const button of this.renderRoot.querySelectorAll<HTMLElement>("[data-image]"))
      if (!this.watched.has(button)) {
        this.watched.add(button);
        this.watcher.observe(button);
      }
  }

  /** An entry that the filter hides comes later as another element: this one would stay in memory with its photograph. */
  private forget(button: Element): void {
    this.watched.delete(button);
    this.watcher?.unobserve(button);
    this.visible.delete((button as HTMLElement).dataset["image"] ?? "");
  }

  private filter(count: number, isFiltered: boolean): TemplateResult {
    return html`<button
      class="quiet filter"
      data-testid="unplaced"
      aria-pressed=${isFiltered}
      @click=${() => {
        this.isFiltered = !isFiltered;
      }}
    >
      ${t("photos.unplaced", { count })}
    </button>`;
  }

  private entry(track: ImageTrack): TemplateResult {
    const { hasOriginal, imageId, number, state } = track;
    const words = imageWords(track);
    return html`<button
      class=${state}
      data-image=${imageId}
      title=${words}
      aria-label=${words}
      aria-pressed=${imageId === this.selected}
      @click=${() => {
        this.tell("choose", imageId);
      }}
    >
      <cairn-photo .bytes=${this.thumbnails.get(imageId) ?? null}></cairn-photo>
      <span class="number">${number}</span>
      ${hasOriginal ? nothing : html`<span class="preview">${t("photos.preview")}</span>`}
    </button>`;
  }

  private sight(changes: readonly IntersectionObserverEntry[]): void {
    for (const { isIntersecting, target } of changes) {
      const imageId = (target as HTMLElement).dataset["image"] ?? "";
      if (isIntersecting) this.visible.add(imageId);
      else this.visible.delete(imageId);
    }
    this.tellVisible();
  }

  private tellVisible(): void {
    this.tell("sight", [...this.visible]);
  }

  private tell(name: "choose" | "sight", detail: string | readonly string[]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
