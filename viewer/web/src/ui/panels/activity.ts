/** What happened in the project? A log of its messages in plain words, newest first. */
import type { TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Entry } from "../../scene/state";
import { timeOfDay } from "../format";
import { sharedParts } from "../theme";
import { activityWords } from "../words";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

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
      time {
        color: var(--ink-faint);
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

  override render(): TemplateResult {
    if (this.entries.length === 0) return html`<p class="empty">${t("activity.empty")}</p>`;
    return html`<ol data-testid="activity">
      ${repeat(
        this.entries,
        ({ number }) => number,
        (entry) => this.line(entry),
      )}
    </ol>`;
  }

  private line({ atMs, message }: Entry): TemplateResult {
    const { text, tone } = activityWords(message);
    return html`<li class=${tone} data-type=${message.type}>
      <span class="mark"></span><span>${text}</span>
      <time datetime=${new Date(atMs).toISOString()}>${timeOfDay(atMs)}</time>
    </li>`;
  }
}
