/** Which photographs does this page send, and which are stored? A list with the state of each upload. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Upload } from "../../scene/uploading/uploads";
import { isFinished, isForAnotherTry, isOver, previewCount } from "../../scene/uploading/uploads";
import { cameraIcon, checkIcon, closeIcon, imageIcon } from "../icons";
import { sharedParts } from "../theme";
import { previewWords, uploadWords } from "./upload-words";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";
import { waitingHints } from "../photographs/waiting";
import type { Waits } from "../photographs/waits";
import { NOTHING_WAITS } from "../photographs/waits";

const ACCEPTED = "image/jpeg,image/png,image/webp,image/tiff"; // phones turn HEIC into JPEG for this list

@customElement("cairn-uploads")
export class Uploads extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 10px;
      }
      .buttons label {
        flex: 1 1 auto;
      }
      label:focus-within {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }
      .camera {
        display: none;
      }
      @media (pointer: coarse) {
        .camera {
          display: inline-flex;
        }
      }
      .hint {
        color: var(--ink-soft);
        font-size: 0.88rem;
        line-height: 1.5;
        margin: 14px 0 4px;
      }
      ul {
        list-style: none;
        margin: 12px 0 0;
        padding: 0;
      }
      li {
        display: grid;
        grid-template-columns: 26px 1fr;
        gap: 12px;
        padding: 10px 0;
        border-top: 1px solid var(--line);
        align-items: center;
      }
      .name {
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
        font-size: 0.92rem;
      }
      .words {
        color: var(--ink-soft);
        font-size: 0.84rem;
        line-height: 1.4;
      }
      .texts {
        min-width: 0;
      }
      progress {
        display: block;
        width: 100%;
        height: 4px;
        margin-top: 6px;
        accent-color: var(--accent);
      }
      .stored,
      .duplicate {
        color: var(--good);
      }
      .rejected,
      .failed,
      .rejected .words,
      .failed .words {
        color: var(--bad);
      }
      .ring {
        width: 20px;
        height: 20px;
        margin: 3px;
        border: 2px solid var(--line-strong);
        border-radius: 50%;
      }
      .reading .ring,
      .previewing .ring,
      .sending .ring {
        border-top-color: var(--accent);
        animation: turn 1s linear infinite;
      }
      @keyframes turn {
        to {
          rotate: 1turn;
        }
      }
    `,
  ];

  @property({ attribute: false }) uploads: readonly Upload[] = [];
  @property({ attribute: false }) isOnline = true;
  /** Whether this account may add no photographs. */
  @property({ attribute: false }) isRefused = false;
  @property({ attribute: false }) waits: Waits = NOTHING_WAITS;

  override render(): TemplateResult {
    const list = html`${waitingHints(this.waits, this.opened)} ${this.uploads.length === 0 ? nothing : this.list()}`;
    if (this.isRefused)
      return html`<p class="hint" data-testid="look-only">${t("photos.look_only")}</p>
        ${list}`;
    return html`
      <div class="buttons">
        <label class="button primary">
          ${imageIcon}<span>${t("action.add_photos")}</span>
          <input
            class="hidden-words"
            type="file"
            accept=${ACCEPTED}
            multiple
            data-testid="upload-input"
            @change=${this.chosen}
          />
        </label>
        <label class="button quiet camera">
          ${cameraIcon}<span>${t("photos.take_one")}</span>
          <input class="hidden-words" type="file" accept="image/*" capture="environment" @change=${this.chosen} />
        </label>
      </div>
      <p class="hint">${t("photos.hint")}</p>
      ${list}
    `;
  }

  private list(): TemplateResult {
    const previews = previewCount(this.uploads);
    return html`${previews === 0 ? nothing : html`<p class="hint" data-testid="previews">${previewWords(previews)}</p>`}
      <ul data-testid="uploads">
        ${repeat(
          [...this.uploads].reverse(),
          ({ key }) => key,
          (upload) =>
            html`<li class=${upload.state} data-state=${upload.state}>
              ${sign(upload)}
              <div class="texts">
                <div class="name" title=${upload.fileName}>${upload.fileName}</div>
                <div class="words">${uploadWords(upload, this.isOnline, this.waits.isKeeping)}</div>
                ${upload.state === "sending" && upload.sentBytes > 0 ? bar(upload) : nothing}
              </div>
            </li>`,
        )}
      </ul>
      ${this.uploads.some(isForAnotherTry) ? html`<button class="quiet" data-testid="retry" @click=${this.retry}>${t("action.reconnect")}</button>` : nothing}
      ${this.uploads.some(isFinished) ? html`<button class="quiet" @click=${this.clear}>${t("photos.clear")}</button>` : nothing}`;
  }

  private readonly chosen = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = ""; // the same photo may be chosen again
    this.tell("photographs", files);
  };

  private readonly clear = (): void => {
    this.tell("clear-uploads");
  };

  private readonly retry = (): void => {
    this.tell("retry-uploads");
  };

  private readonly opened = (project: string): void => {
    this.tell("open-project", project);
  };

  private tell(name: string, detail?: string | readonly File[]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

function bar({ fileName, sentBytes, sizeBytes }: Upload): TemplateResult {
  return html`<progress
    max="1"
    .value=${sentBytes / sizeBytes}
    aria-label=${t("photos.sent", { file: fileName })}
  ></progress>`;
}

function sign(upload: Upload): TemplateResult {
  if (!isOver(upload)) return html`<span class="ring" role="img" aria-label=${t("photos.in_progress")}></span>`;
  return upload.state === "stored" || upload.state === "duplicate" ? checkIcon : closeIcon;
}
