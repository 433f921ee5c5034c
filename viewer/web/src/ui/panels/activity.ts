/** What happened in the project? The log of the day in plain words, newest first, with links to its images. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Entry } from "../../scene/activity";
import { imageOfEntry, isWarning, shownEntries } from "../../scene/activity";
import { timeInLog } from "../format";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";
import { sharedParts } from "../theme";
import { activityWords } from "../words";

@customElement("cairn-activity")
export class Activity extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      ol {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        display: grid;
        grid-template-columns: 10px 1fr auto;
        gap: 12px;
        align-items: baseline;
        padding: 9px 0;
        border-bottom: 1px solid var(--line);
        font-size: 0.92rem;
        line-height: 1.4;
        overflow-wrap: anywhere;
        animation: arrive 0.35s ease;
      }
      li:last-child {
        border-bottom: 0;
      }
      li:has(button) {
        padding: 0;
      }
      .mark {
        width: 8px;
        height: 6px;
        border-radius: 50%;
        background: var(--ink-faint);
        align-self: center;
      }
      .good .mark {
        background: var(--good);
      }
      .busy .mark {
        background: var(--busy);
      }
      .bad .mark {
        background: var(--bad);
      }
      .bad {
        color: var(--bad);
      }
      .image {
        display: block;
        width: 100%;
        padding: 9px 0;
        color: inherit;
        font: inherit;
        text-align: start;
        text-decoration: underline;
        text-decoration-color: var(--ink-faint);
        text-underline-offset: 3px;
        white-space: normal;
      }
      time {
        color: var(--ink-soft);
        font-size: 0.8rem;
        font-variant-numeric: tabular-nums;
      }
      .empty {
        color: var(--ink-soft);
        padding: 20px 0;
      }
      @keyframes arrive {
        from {
          opacity: 0;
          translate: 0 -6px;
        }
      }
    `,
  ];

  @property({ attribute: false }) entries: readonly Entry[] = [];

  @state() private hasOnlyWarnings = false;

  override render(): TemplateResult {
    const entries = shownEntries(this.entries);
    const warnings = entries.filter(isWarning);
    if (entries.length === 0) return html`<p class="empty" data-testid="activity">${t("activity.empty")}</p>`;
    return html`${warnings.length === 0 ? nothing : this.filter(warnings.length)}
      <ol data-testid="activity">
        ${repeat(
          this.hasOnlyWarnings && warnings.length > 0 ? warnings : entries,
          ({ number }) => number,
          (entry) => this.line(entry),
        )}
      </ol>`;
  }

  private filter(count: number): TemplateResult {
    return html`<button
      class="quiet"
      data-testid="only-warnings"
      aria-pressed=${this.hasOnlyWarnings}
      @click=${() => {
        this.hasOnlyWarnings = !this.hasOnlyWarnings;
      }}
    >
      ${t("activity.only_warnings", { warnings: count })}
    </button>`;
  }

  private line(entry: Entry): TemplateResult {
    const { atMs, message } = entry;
    const { text, tone } = activityWords(message);
    const image = imageOfEntry(entry);
    return html`<li class=${tone} data-type=${message.type}>
      <span class="mark"></span>${
        image === null
          ? html`<span>${text}</span>`
          : html`<span
              ><button
                class="image"
                data-image=${image.imageId}
                @click=${() => {
                  this.dispatchEvent(
                    new CustomEvent("choose", { detail: image.imageId, bubbles: true, composed: true }),
                  );
                }}
              >
                ${text}
              </button></span
            >`
      }
      <time datetime=${new Date(atMs).toISOString()}>${timeInLog(atMs)}</time>
    </li>`;
  }
}
