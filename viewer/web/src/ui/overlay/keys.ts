/** Which keys and gestures are there? A list behind `?`. */
import type { TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement, query } from "lit/decorators.js";

import { closeIcon } from "../icons";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";
import { sharedParts } from "../theme";

@customElement("cairn-keys")
export class Keys extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      dialog {
        width: min(460px, calc(100vw - 32px));
        max-height: calc(100dvh - 24px);
        overflow-y: auto;
        padding: 22px 26px;
        border: 1px solid var(--line);
        border-radius: 24px;
        background: var(--panel-solid);
        color: var(--ink);
        box-shadow: var(--shadow);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 9px 16px;
        align-items: baseline;
        margin: 14px 0 18px;
        font-size: 0.94rem;
        line-height: 1.4;
      }
      dt {
        white-space: nowrap;
        font-weight: 600;
      }
      dd {
        margin: 0;
        color: var(--ink-soft);
      }
    `,
  ];

  @query("dialog") private readonly dialog!: HTMLDialogElement;

  override render(): TemplateResult {
    const rows: readonly (readonly [key: string, words: string])[] = [
      ["F", t("keys.fit")],
      ["1 · 3 · 7", t("keys.sides")],
      ["← → ↑ ↓", t("keys.turn")],
      ["⇧ ← → ↑ ↓", t("keys.pan")],
      ["+ · −", t("keys.zoom")],
      [t("keys.twice"), t("keys.go")],
      ["C", t("keys.cameras")],
      ["V", t("tool.coverage").replace(" (V)", "")],
      ["M", t("keys.measure")],
      ["N", t("keys.notes")],
      ["S", t("keys.image")],
      ["T", t("keys.theme")],
      ["P", t("keys.panel")],
      [t("keys.escape_key"), t("keys.escape")],
    ];
    return html`<dialog data-testid="keys" aria-label=${t("keys.title")} @close=${this.closed}>
      <h2>${t("keys.title")}</h2>
      <dl>
        ${rows.map(
          ([key, words]) =>
            html`<dt>${key}</dt>
              <dd>${words}</dd>`,
        )}
      </dl>
      <button class="quiet" @click=${this.close}>${closeIcon}${t("keys.close")}</button>
    </dialog>`;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
  }

  private readonly close = (): void => {
    this.dialog.close();
  };

  private readonly closed = (): void => {
    this.dispatchEvent(new CustomEvent("done"));
  };
}
