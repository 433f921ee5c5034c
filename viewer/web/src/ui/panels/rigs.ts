/** How is the team? Each rig with its last photograph, what is still on it and its health; and who is watching. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { ImageTrack, ImagesState } from "../../scene/images";
import type { Rig, Rigs } from "../../scene/rigs";
import { lastImageOf, rigName, rigsInOrder, statusOf, warningsOf } from "../../scene/rigs";
import type { Thumbnails } from "../../scene/thumbnails";
import type { Presence } from "../../wire/contract";
import "../photographs/photo";
import { sharedParts } from "../theme";
import { imageWords, watchersWords } from "../words";
import { sentenceCase } from "../format";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";
import { rigFigures, rigWarningWords, spoolWords } from "./rig-words";

@customElement("cairn-rigs")
export class RigsBlock extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: block;
        margin-bottom: 20px;
      }
      ul {
        list-style: none;
        margin: 8px 0 0;
        padding: 0;
      }
      li.rig {
        display: grid;
        grid-template-columns: 56px 1fr;
        gap: 12px;
        padding: 10px 0;
        border-bottom: 1px solid var(--line);
        font-size: 0.92rem;
        line-height: 1.45;
        overflow-wrap: anywhere;
      }
      .last {
        width: 56px;
        height: 56px;
        min-width: 0;
        padding: 0;
        overflow: hidden;
      }
      cairn-photo {
        width: 56px;
        height: 56px;
        border-radius: 10px;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 2px 10px;
      }
      .name {
        font-weight: 600;
      }
      .status {
        color: var(--ink-soft);
      }
      .capturing .status {
        color: var(--good);
      }
      .offline .status {
        color: var(--bad);
      }
      p {
        margin: 2px 0 0;
        color: var(--ink-soft);
      }
      p.warning {
        color: var(--busy);
      }
      .people {
        margin-top: 10px;
        font-size: 0.92rem;
      }
    `,
  ];

  @property({ attribute: false }) rigs: Rigs = new Map();
  @property({ attribute: false }) images!: ImagesState;
  @property({ attribute: false }) thumbnails: Thumbnails = new Map();
  @property({ attribute: false }) watchers: ReadonlyMap<string, Presence> = new Map();

  override render(): TemplateResult {
    const rigs = rigsInOrder(this.rigs);
    return html`${
      rigs.length === 0
        ? nothing
        : html`<h2>${t("rig.title")}</h2>
            <ul data-testid="rigs">
              ${repeat(
                rigs,
                ({ agent }) => agent,
                (rig) => this.entry(rig),
              )}
            </ul>`
    }
    ${
      this.watchers.size === 0
        ? nothing
        : html`<p class="people" data-testid="watchers">${watchersWords([...this.watchers.values()])}</p>`
    }`;
  }

  private entry(rig: Rig): TemplateResult {
    const status = statusOf(rig);
    const figures = rigFigures(rig);
    return html`<li class="rig ${status}" data-rig=${rig.agent}>
      ${this.last(lastImageOf(this.images, rig.agent))}
      <div>
        <div class="head">
          <span class="name">${rigName(rig.agent)}</span
          ><span class="status" data-testid="rig-status">${sentenceCase(t(`rig.${status}`))}</span>
        </div>
        <p data-testid="rig-spool">${spoolWords(rig)}</p>
        ${figures.length === 0 ? nothing : html`<p data-testid="rig-figures">${figures.join(" · ")}</p>`}
        ${warningsOf(rig).map((each) => html`<p class="warning">${rigWarningWords(each)}</p>`)}
      </div>
    </li>`;
  }

  private last(track: ImageTrack | null): TemplateResult {
    if (track === null) return html`<cairn-photo></cairn-photo>`;
    const words = imageWords(track);
    return html`<button
      class="last"
      title=${words}
      aria-label=${words}
      @click=${() => {
        this.dispatchEvent(new CustomEvent("choose", { detail: track.imageId, bubbles: true, composed: true }));
      }}
    >
      <cairn-photo .bytes=${this.thumbnails.get(track.imageId) ?? null}></cairn-photo>
    </button>`;
  }
}
