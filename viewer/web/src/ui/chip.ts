/** What is the status in one word? The chip at the top. */
import type { TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";

import type { ProjectState } from "../scene/state";
import type { Chip } from "../scene/status";
import { chipOf } from "../scene/status";
import { LocalizedElement } from "./language/localized";
import { t } from "./language/t";
import { sharedParts } from "./theme";
import { chipStory, chipWords } from "./words";

const TONES: Readonly<Record<Chip["kind"], string>> = {
  connecting: "busy",
  reconnecting: "busy",
  refused: "bad",
  closed: "plain",
  stale: "bad",
  rebuilding: "busy",
  processing: "busy",
  loading: "busy",
  waiting: "good",
  unknown: "bad",
  live: "good",
};

@customElement("cairn-chip")
export class ChipElement extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      span.chip {
        display: inline-flex;
        align-items: center;
        gap: 9px;
        min-height: 34px;
        padding: 0 14px 0 12px;
        border-radius: 999px;
        border: 1px solid var(--line);
        background: var(--panel);
        backdrop-filter: var(--blur);
        font-size: 0.88rem;
        font-weight: 550;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .dot {
        width: 9px;
        height: 9px;
        border-radius: 50%;
        background: var(--ink-faint);
        transition: background 0.3s ease;
      }
      .good .dot {
        background: var(--good);
      }
      .busy .dot {
        background: var(--busy);
        /* three times after each change: an endless animation costs half a core without a GPU */
        animation: breathe 1.3s ease-in-out 3;
      }
      .bad .dot {
        background: var(--bad);
      }
      .bad {
        color: var(--bad);
      }
      @keyframes breathe {
        50% {
          opacity: 0.3;
        }
      }
    `,
  ];

  @property({ attribute: false }) state!: ProjectState;
  /** Whether this device cannot draw now. */
  @property({ attribute: false }) isPaused = false;
  @property({ attribute: false }) isOnline = true;

  override render(): TemplateResult {
    if (this.isPaused)
      return html`<span class="chip busy" data-testid="chip" data-kind="paused">
        <span class="dot"></span>${t("chip.device_paused")}
      </span>`;
    const chip = chipOf(this.state);
    const words = chipWords(chip, this.isOnline);
    return html`<span
      class="chip ${TONES[chip.kind]}"
      title=${chipStory(chip, this.state, this.isOnline)}
      data-testid="chip"
      data-kind=${chip.kind}
    >
      ${keyed(words, html`<span class="dot"></span>`)}${words}
    </span>`;
  }
}
