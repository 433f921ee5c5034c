/** How is a thumbnail shown? As an image from JPEG bytes, or as an icon until they arrive. */
import type { PropertyValues, TemplateResult } from "lit";
import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { imageIcon } from "../icons";
import { sharedParts } from "../theme";

@customElement("cairn-photo")
export class PhotoElement extends LitElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: grid;
        place-items: center;
        overflow: hidden;
        background: var(--hover);
        color: var(--ink-soft);
      }
      img {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: var(--fit, cover);
        animation: appear 0.3s ease;
      }
      @keyframes appear {
        from {
          opacity: 0;
        }
      }
    `,
  ];

  /** Verified JPEG bytes. */
  @property({ attribute: false }) bytes: Uint8Array<ArrayBuffer> | null = null;
  /** The alternative text; empty where a text stands next to the photograph. */
  @property({ attribute: false }) words = "";

  private address: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate("bytes");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.release();
  }

  override render(): TemplateResult {
    return this.address === null ? imageIcon : html`<img src=${this.address} alt=${this.words} draggable="false" />`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("bytes")) return;
    this.release();
    if (this.bytes) this.address = URL.createObjectURL(new Blob([this.bytes], { type: "image/jpeg" }));
  }

  private release(): void {
    if (this.address !== null) URL.revokeObjectURL(this.address);
    this.address = null;
  }
}
