/** How does a person change the language? A list of the languages, each under its own name. */
import type { TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement } from "lit/decorators.js";

import { sharedParts } from "../theme";
import { LANGUAGES, OWN_NAMES, isLanguage, rememberLanguage, speech, useLanguage } from "./language";
import { LocalizedElement } from "./localized";
import { t } from "./t";

@customElement("cairn-language")
export class LanguagePicker extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: block;
        margin-top: 22px;
      }
      label {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 16px;
        color: var(--ink-soft);
        font-size: 0.88rem;
      }
      select {
        font: inherit;
        font-size: 16px;
        color: var(--ink);
        background: var(--panel-solid);
        border: 1px solid var(--line-strong);
        border-radius: 12px;
        min-height: 44px;
        padding: 0 12px;
      }
    `,
  ];

  override render(): TemplateResult {
    const { language: now } = speech();
    return html`<label
      >${t("language")}
      <select data-testid="language" @change=${this.chosen}>
        ${LANGUAGES.map(
          (each) => html`<option value=${each} lang=${each} ?selected=${each === now}>${OWN_NAMES[each]}</option>`,
        )}
      </select>
    </label>`;
  }

  private readonly chosen = async (event: Event): Promise<void> => {
    const field = event.target as HTMLSelectElement;
    if (!isLanguage(field.value)) return;
    if (await useLanguage(field.value)) rememberLanguage(field.value);
    else field.value = speech().language; // its table did not come
  };
}
