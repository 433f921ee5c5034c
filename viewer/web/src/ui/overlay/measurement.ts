/** What is the measured length? Instructions for each step, the length, and a form that sets the scale. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { TOOLS_PX, low, narrow, px } from "../breakpoints";
import type { ScaleBar } from "../../wire/contract";
import { UNITS, isUnit, keptUnit } from "../annotations/units";
import { fieldStyles } from "../form-styles";
import { fixed, length } from "../format";
import { checkIcon, closeIcon, rulerIcon } from "../icons";
import { sharedParts } from "../theme";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

const LONGEST_M = 100_000;

@customElement("cairn-measurement")
export class Measurement extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    fieldStyles,
    css`
      :host {
        position: absolute;
        left: 24px;
        bottom: calc(max(24px, env(safe-area-inset-bottom)) + 122px);
        width: 340px;
        padding: 14px 14px 14px 20px;
        border-radius: 20px;
        border: 1px solid var(--line);
        background: var(--panel);
        backdrop-filter: var(--blur);
        box-shadow: var(--shadow);
        animation: rise 0.3s cubic-bezier(0.22, 1, 0.36, 1);
      }
      .head {
        display: flex;
        align-items: center;
        gap: 12px;
      }
      .head > div {
        flex: 1;
        min-width: 0;
      }
      .big {
        font: 600 1.35rem/1.2 var(--serif);
        font-variant-numeric: tabular-nums;
      }
      .soft {
        color: var(--ink-soft);
        font-size: 0.88rem;
        line-height: 1.45;
      }
      .buttons,
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: end;
        margin-top: 12px;
        padding-right: 6px;
      }
      label {
        display: grid;
        gap: 4px;
        font-size: 0.82rem;
        color: var(--ink-soft);
      }
      .length {
        flex: 1 1 100px;
      }
      input,
      select {
        width: 100%;
      }
      form .primary {
        flex: 1 1 100%;
      }
      .bad {
        color: var(--bad);
        font-size: 0.9rem;
        line-height: 1.45;
        margin-top: 10px;
      }
      @keyframes rise {
        from {
          opacity: 0;
          translate: 0 14px;
        }
      }
      @media ${narrow} {
        :host {
          left: 12px;
          right: 12px;
          bottom: calc(144px + env(safe-area-inset-bottom));
          width: auto;
        }
      }
      @media ${low} {
        :host {
          left: max(12px, env(safe-area-inset-left));
          bottom: 58px;
          width: min(316px, calc(100% - ${px(2 * TOOLS_PX)}));
          max-height: calc(100% - 124px);
          overflow-y: auto;
          scrollbar-width: thin;
        }
      }
    `,
  ];

  @property({ attribute: false }) pointCount = 0;
  /** Whether the last tap met no point. */
  @property({ attribute: false }) isMissed = false;
  /** The measured distance in world units; null until there are two points. */
  @property({ attribute: false }) distance: number | null = null;
  @property({ attribute: false }) metresPerUnit: number | null = null;
  @property({ attribute: false }) scaleBar: ScaleBar | null = null;
  /** Whether this account may not set the scale. */
  @property({ attribute: false }) isRefused = false;
  /** The reason why the real length was refused. */
  @property({ attribute: false }) refusal: string | null = null;

  @state() private isEntering = false;
  @state() private mistake: string | null = null;

  override render(): TemplateResult {
    return html`<div class="head" role="status">
        <div>
          ${this.isMissed ? html`<div data-testid="missed">${t("measure.missed")}</div>` : nothing}${this.words()}
        </div>
        <button class="plain" aria-label=${t("measure.stop")} @click=${this.tell("done")}>${closeIcon}</button>
      </div>
      ${this.distance !== null && this.isEntering ? this.form() : this.buttons()}
      ${this.problem === null ? nothing : html`<p class="bad" role="alert">${this.problem}</p>`}`;
  }

  private get problem(): string | null {
    return this.mistake ?? this.refusal;
  }

  protected override willUpdate(): void {
    if (this.distance === null) [this.isEntering, this.mistake] = [false, null];
  }

  private words(): TemplateResult {
    if (this.distance === null)
      return html`<div>${t(this.pointCount === 0 ? "measure.first" : "measure.second")}</div>
        ${this.scaleBar ? this.known(this.scaleBar) : nothing}`;
    return html`<div class="big" data-testid="length">${length(this.distance, this.metresPerUnit)}</div>
      ${
        this.scaleBar
          ? this.known(this.scaleBar)
          : this.metresPerUnit === null
            ? html`<div class="soft">${t("measure.no_scale")}</div>`
            : nothing
      }`;
  }

  private known({ distance_m: distance, user }: ScaleBar): TemplateResult {
    const key = this.metresPerUnit === null ? "measure.bar_waiting" : "measure.bar_used";
    return html`<div class="soft">${t(key, { length: length(distance, 1), user })}</div>`;
  }

  private buttons(): TemplateResult | typeof nothing {
    if (this.distance === null && !this.scaleBar) return nothing;
    if (this.isRefused) return html`<p class="soft" data-testid="look-only">${t("measure.look_only")}</p>`;
    return html`<div class="buttons">
      ${
        this.distance === null
          ? nothing
          : html`<button
              class="primary"
              data-testid="set-length"
              @click=${() => {
                this.isEntering = true;
              }}
            >
              ${rulerIcon}${t("measure.set")}
            </button>`
      }
      ${
        this.scaleBar
          ? html`<button class="quiet" data-testid="remove-scale" @click=${this.tell("remove")}>
              ${t("measure.remove")}
            </button>`
          : nothing
      }
    </div>`;
  }

  private form(): TemplateResult {
    return html`<form @submit=${this.submit}>
      <label class="length">
        ${t("measure.length")}
        <input name="length" inputmode="decimal" autocomplete="off" required autofocus data-testid="real-length" />
      </label>
      <label>
        ${t("measure.unit")}
        <select name="unit">
          ${Object.keys(UNITS).map((unit) => html`<option ?selected=${unit === keptUnit()}>${unit}</option>`)}
        </select>
      </label>
      <button class="primary">${checkIcon}${t("measure.set_all")}</button>
    </form>`;
  }

  protected override updated(): void {
    this.renderRoot.querySelector<HTMLInputElement>("input:not(.met)")?.focus({ preventScroll: true });
    this.renderRoot.querySelector("input")?.classList.add("met");
  }

  private readonly submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const [given, unit] = [form.get("length"), form.get("unit")];
    const value = Number(typeof given === "string" ? given.trim().replace(",", ".") : Number.NaN);
    const metres = value * (isUnit(unit) ? UNITS[unit].metres : Number.NaN);
    this.mistake = metres > 0 && metres <= LONGEST_M ? null : t("measure.mistake", { example: fixed(2.4, 2) });
    if (this.mistake !== null) return;
    this.isEntering = false;
    this.dispatchEvent(new CustomEvent("real-length", { detail: metres }));
  };

  private tell(name: "done" | "remove"): () => void {
    return () => {
      this.mistake = null;
      this.dispatchEvent(new CustomEvent(name));
    };
  }
}
