/** How does an address get to another device? As a QR code, as text to select, copied, or shared by the system. */
import type { TemplateResult } from "lit";
import { css, html, nothing, svg } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { encode } from "uqr";

import { isLoopback } from "../../wire/ids";
import { sharedParts } from "../theme";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

const QUIET = 2;

@customElement("cairn-link")
export class Link extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: grid;
        justify-items: center;
        gap: 14px;
        text-align: center;
      }
      svg.code {
        width: 196px;
        height: 196px;
        border-radius: 16px;
        background: #fff;
        fill: #16181b;
      }
      textarea {
        width: min(340px, 100%);
        resize: none;
        font:
          0.86rem/1.45 ui-monospace,
          "Liberation Mono",
          monospace;
        color: var(--ink);
        background: var(--ground);
        border: 1px solid var(--line-strong);
        border-radius: 12px;
        padding: 10px 12px;
        word-break: break-all;
      }
      p {
        color: var(--ink-soft);
        font-size: 0.92rem;
        line-height: 1.5;
        max-width: 340px;
      }
      .warning {
        color: var(--bad);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: 10px;
      }
    `,
  ];

  /** The complete address with its fragment. */
  @property({ attribute: false }) link = "";
  /** What the address is for. */
  @property({ attribute: false }) words = "";

  @state() private copied: boolean | null = null;

  @query("textarea") private readonly field!: HTMLTextAreaElement;

  override render(): TemplateResult {
    const canShare = "share" in navigator;
    return html`${this.code()}
      <textarea
        readonly
        rows=${this.link.length > 42 ? 2 : 1}
        data-testid="link"
        aria-label=${t("link")}
        .value=${this.link}
        @focus=${this.select}
      ></textarea>
      <div class="buttons">
        <button class="quiet" data-testid="copy" @click=${this.copy}>
          ${t(this.copied ? "link.copied" : "link.copy")}
        </button>
        ${canShare ? html`<button class="quiet" data-testid="share" @click=${this.share}>${t("link.share")}</button>` : nothing}
      </div>
      ${this.copied === false ? html`<p class="warning" role="alert">${t("link.no_copy")}</p>` : nothing}
      <p>${this.words}</p>
      ${isLoopback(this.link) ? html`<p class="warning" data-testid="loopback">${t("link.loopback")}</p>` : nothing}`;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("link")) this.copied = null;
  }

  private code(): TemplateResult {
    const { data, size } = encode(this.link, { ecc: "M", border: QUIET });
    const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])));
    return html`<svg
      class="code"
      viewBox="0 0 ${size} ${size}"
      role="img"
      aria-label=${t("link.code")}
      shape-rendering="crispEdges"
    >
      ${svg`<path d=${path.join("")} />`}
    </svg>`;
  }

  private readonly select = (): void => {
    this.field.select();
  };

  private readonly copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.link);
      this.copied = true;
    } catch {
      // Over plain http there is no `navigator.clipboard`. The old command copies the selection of a field there.
      this.field.focus();
      this.field.select();
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      this.copied = document.execCommand("copy");
    }
  };

  private readonly share = async (): Promise<void> => {
    try {
      await navigator.share({ title: document.title, url: this.link });
    } catch {
      // The person closed the system's dialog; link and code are still there.
    }
  };
}
