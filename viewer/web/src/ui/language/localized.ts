/** How does an element follow the page's language? It is drawn again after each change. */
import { LitElement } from "lit";

import { onLanguage } from "./language";

/** The base of every element with words. */
export class LocalizedElement extends LitElement {
  private endLanguage: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.endLanguage = onLanguage(() => {
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endLanguage?.();
    this.endLanguage = null;
  }
}
