/** How are others invited? A QR code and a link with the credentials of this page's own join link. */
import type { TemplateResult } from "lit";
import { LitElement, css, html, svg } from "lit";
import { customElement, property } from "lit/decorators.js";
import { encode } from "uqr";

import { closeIcon } from "../icons";
import { sharedParts } from "../theme";

const QUIET = 2;

@customElement("cairn-invite")
export class Invite extends LitElement {
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
      p {
        color: var(--ink-soft);
        font-size: 0.92rem;
        line-height: 1.5;
        max-width: 260px;
      }
    `,
  ];

  /** The complete address with its fragment. */
  @property({ attribute: false }) link = "";
  @property({ attribute: false }) isCopied = false;

  override render(): TemplateResult {
    return html`${this.code()}
      <p>Scan to join from a phone on this network. Everybody with this code has the same rights as you.</p>
      <button class="quiet" @click=${this.copy}>${this.isCopied ? "Copied" : "Copy the link"}</button>`;
  }

  private code(): TemplateResult {
    const { data, size } = encode(this.link, { ecc: "M", border: QUIET });
    const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])));
    return html`<svg
      class="code"
      viewBox="0 0 ${size} ${size}"
      role="img"
      aria-label="QR code of the join link"
      shape-rendering="crispEdges"
    >
      ${svg`<path d=${path.join("")} />`}
    </svg>`;
  }

  private readonly copy = async (): Promise<void> => {
    // Without a secure context there is no clipboard. The code can still be scanned.
    const clipboard = (navigator as Partial<Navigator>).clipboard;
    if (!clipboard) return;
    await clipboard.writeText(this.link);
    this.isCopied = true;
  };
}

/** The dialog with the code and the link. */
export function invitation(link: string, onClose: () => void): TemplateResult {
  return html`<dialog class="invitation" data-testid="invitation" aria-label="Invite others">
    <h2>Invite others</h2>
    <cairn-invite .link=${link}></cairn-invite>
    <button class="quiet" @click=${onClose}>${closeIcon}Close</button>
  </dialog>`;
}
