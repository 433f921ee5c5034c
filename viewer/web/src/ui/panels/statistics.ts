/** Which figures does the page show? Points, images, latency, connection and device. */
import type { TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { summaryOf } from "../../scene/latency";
import { isBudgetReached } from "../../scene/status";
import type { ProjectState } from "../../scene/state";
import type { WorldFrame } from "../../wire/contract";
import { bytes, count, finePercent, fixed, seconds, updateWords } from "../format";
import { t } from "../language/t";
import { deviceBudget } from "../device";
import { pulseIcon, resyncIcon } from "../icons";
import { sharedParts } from "../theme";
import type { Asked } from "../viewer-commands";
import { budgetWords } from "../words";
import { LocalizedElement } from "../language/localized";

/** The cost of the last frame on this device. */
export interface DeviceFigures {
  readonly frameMs: number;
  readonly drawCalls: number;
  readonly pointsDrawn: number;
  /** The number of frames since the page was opened. */
  readonly frames: number;
}

type Row = readonly [name: string, value: string, testid?: string];

@customElement("cairn-statistics")
export class Statistics extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      section + section {
        margin-top: 20px;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(46%, 1fr) auto;
        gap: 7px 16px;
        margin: 8px 0 0;
        font-size: 0.92rem;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        text-align: right;
        font-variant-numeric: tabular-nums;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 10px;
        margin-top: 20px;
      }
      .buttons button {
        flex: 1;
      }
      .warning {
        color: var(--busy);
        font-size: 0.9rem;
        line-height: 1.45;
        margin-top: 12px;
      }
    `,
  ];

  @property({ attribute: false }) state!: ProjectState;
  @property({ attribute: false }) device!: DeviceFigures;

  override render(): TemplateResult {
    const { state } = this;
    return html`
      ${block(t("figures.object"), objectRows(state))} ${block(t("figures.images"), imageRows(state))}
      ${block(t("figures.hops"), hopRows(state))}
      ${block(t("figures.device"), [...connectionRows(state), ...deviceRows(this.device)])}
      ${isBudgetReached(state) ? this.budget(state) : null}
      ${
        state.traffic.failedShards > 0
          ? html`<p class="warning">
              ${t("banner.failed_shards", { count: state.traffic.failedShards })} ${t("figures.ask_again")}
            </p>`
          : null
      }
      <div class="buttons">
        <button class="quiet" data-testid="ping" @click=${this.ask("ping")}>${pulseIcon}${t("verb.ping")}</button>
        <button class="quiet" data-testid="resync" @click=${this.ask("resync")}>
          ${resyncIcon}${t("verb.resync")}
        </button>
      </div>
      ${state.rights.size > 0 ? html`<div class="buttons">${this.operating(state)}</div>` : null}
    `;
  }

  /** What this device leaves out. Twice as many points can be asked for, once. */
  private budget({ scene: { budget } }: ProjectState): TemplateResult {
    const more = (): boolean => this.dispatchEvent(new CustomEvent("more-points", { bubbles: true, composed: true }));
    return html`<p class="warning">${budgetWords(budget.points)}</p>
      ${
        budget === deviceBudget()
          ? html`<button class="quiet" data-testid="more-points" @click=${more}>${t("action.more_points")}</button>`
          : null
      }`;
  }

  private operating({ reconstructor, rights }: ProjectState): TemplateResult[] {
    const next: readonly Asked[] = ["refetch", reconstructor?.presence === "paused" ? "resume" : "pause"];
    return next
      .filter((verb) => rights.has(verb))
      .map(
        (verb) =>
          html`<button class="quiet" data-testid=${verb} @click=${this.ask(verb)}>${t(`verb.${verb}`)}</button>`,
      );
  }

  private ask(verb: Asked): () => void {
    return () => this.dispatchEvent(new CustomEvent("ask", { detail: verb, bubbles: true, composed: true }));
  }
}

function block(title: string, rows: readonly Row[]): TemplateResult {
  return html`<section>
    <h2>${title}</h2>
    <dl>
      ${rows.map(
        ([name, value, testid]) =>
          html`<dt>${name}</dt>
            <dd data-testid=${testid ?? ""}>${value}</dd>`,
      )}
    </dl>
  </section>`;
}

function objectRows({ scene }: ProjectState): Row[] {
  if (!scene.shown) return [[t("figures.points"), t("figures.none")]];
  const { manifest } = scene.shown;
  return [
    [t("figures.points_total"), count(manifest.point_count)],
    [t("figures.shards"), t("figures.of", { loaded: scene.shown.loaded.size, total: manifest.shard_count })],
    [t("figures.version"), updateWords(manifest.generation, manifest.revision)],
    [t("figures.scale"), manifest.frame.metres_per_unit !== null ? scaleWords(manifest.frame) : t("figures.no_scale")],
  ];
}

function scaleWords({ scale_source, scale_deviation_ratio: ratio }: WorldFrame): string {
  const source = t(`source.${scale_source}`);
  return ratio === null
    ? t("figures.metres", { source })
    : t("figures.metres_about", { source, percent: finePercent(ratio) });
}

function imageRows({ images, statistics }: ProjectState): Row[] {
  if (!statistics) return [[t("figures.images"), count(images.imageCount)]];
  return [
    [t("figures.stored"), count(statistics.stored_count)],
    [t("figures.previews"), count(statistics.preview_count), "preview-count"],
    [t("figures.placed"), count(statistics.placed_count)],
    [t("figures.waiting"), count(statistics.waiting_count)],
    [t("figures.rejected"), count(statistics.rejected_count)],
    [t("figures.queued"), count(statistics.queued_count)],
  ];
}

/** The latency of each hop: the newest sample, and the median from three samples on. */
function hopRows({ latency, roundTripS }: ProjectState): Row[] {
  const words = (samples: readonly number[]): string => {
    const summary = summaryOf(samples);
    if (!summary) return "–";
    const { median, newest } = summary;
    return samples.length < 3
      ? seconds(newest)
      : t("figures.median", { newest: seconds(newest), median: seconds(median) });
  };
  const { capturedToStored, pointsToSeen, storedToPoints } = latency.hops;
  return [
    [t("figures.captured"), words(capturedToStored), "hop-captured"],
    [t("figures.processed"), words(storedToPoints), "hop-stored"],
    [t("figures.seen"), words(pointsToSeen), "hop-seen"],
    [t("figures.ping"), roundTripS === null ? "–" : seconds(roundTripS), "round-trip"],
  ];
}

function connectionRows({ traffic }: ProjectState): Row[] {
  return [
    [t("figures.messages"), count(traffic.messages)],
    [t("figures.received"), bytes(traffic.bytes)],
  ];
}

function deviceRows({ drawCalls, frameMs, frames, pointsDrawn }: DeviceFigures): Row[] {
  return [
    [t("figures.drawn"), count(pointsDrawn)],
    [t("figures.script"), `${fixed(frameMs, 1)} ms`],
    [t("figures.calls"), count(drawCalls)],
    [t("figures.frames"), count(frames)],
  ];
}
