/** How is a notice drawn? A card with an icon, a title, a text and a slot for a button. */
import type { TemplateResult } from "lit";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { low } from "../breakpoints";
import { cairnMark } from "../icons";
import { sharedParts } from "../theme";
import type { NoticeWords } from "../words";

@customElement("cairn-notice")
export class NoticeElement extends LitElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: grid;
        justify-items: center;
        gap: 12px;
        text-align: center;
        max-width: 420px;
        padding: 24px;
      }
      .mark {
        width: 76px;
        fill: none;
        stroke: var(--ink-faint);
        stroke-width: 1.1;
      }
      .mark ellipse {
        animation: settle 2.8s ease-in-out 4;
      }
      .mark ellipse:nth-child(2) {
        animation-delay: 0.25s;
      }
      .mark ellipse:nth-child(3) {
        animation-delay: 0.5s;
      }
      h2 {
        font-size: 1.5rem;
        font-weight: 550;
      }
      p {
        color: var(--ink-soft);
        line-height: 1.55;
      }
      ::slotted(*) {
        margin-top: 8px;
      }
      @media ${low} {
        :host {
          gap: 6px;
          padding: 8px;
        }
        .mark {
          width: 46px;
        }
        h2 {
          font-size: 1.25rem;
        }
        ::slotted(*) {
          margin-top: 2px;
        }
      }
      @keyframes settle {
        50% {
          stroke: var(--accent);
          translate: 0 -1.5px;
        }
      }
    `,
  ];

  @property({ attribute: false }) words!: NoticeWords;

  override render(): TemplateResult {
    return html`${cairnMark}
      <h2>${this.words.title}</h2>
      ${this.words.text === "" ? nothing : html`<p>${this.words.text}</p>`}
      <slot></slot>`;
  }
}
