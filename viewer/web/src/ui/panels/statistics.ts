/** Which figures does the page show? Points, images, latency, connection and device. */
import type { TemplateResult } from "lit";
import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { summaryOf } from "../../scene/latency";
import { isBudgetReached } from "../../scene/status";
import type { ProjectState } from "../../scene/state";
import type { ScaleSource, Verb, WorldFrame } from "../../wire/contract";
import { bytes, count, percent, seconds, updateWords } from "../format";
import { t } from "../language/t";
import { pulseIcon, resyncIcon } from "../icons";
import { sharedParts } from "../theme";
import { budgetWords } from "../words";

/** The cost of the last frame on this device. */
export interface DeviceFigures {
  readonly frameMs: number;
  readonly drawCalls: number;
  readonly pointsDrawn: number;
  /** The number of frames since the page was opened. */
  readonly frames: number;
}

const SCALE_SOURCES: Readonly<Record<ScaleSource, string>> = {
  none: "an unknown source",
  baseline: "the camera baseline",
  scale_bar: "a scale bar",
  gps: "GPS",
};

const VERBS: Readonly<Partial<Record<Verb, string>>> = {
  refetch: "Rebuild from all images",
  pause: "Pause the reconstruction",
  resume: "Go on",
};

type Row = readonly [name: string, value: string, testid?: string];

@customElement("cairn-statistics")
export class Statistics extends LitElement {
  static override readonly styles = [
    sharedParts,
    css`
      section + section {
        margin-top: 20px;
      }
      dl {
        display: grid;
        grid-template-columns: 1fr auto;
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
      ${block("Object", objectRows(state))} ${block("Images", imageRows(state))}
      ${block("From camera to screen", hopRows(state))}
      ${block("Connection and device", [...connectionRows(state), ...deviceRows(this.device)])}
      ${isBudgetReached(state) ? html`<p class="warning">${budgetWords(state.scene.budget.points)}</p>` : null}
      ${
        state.traffic.failedShards > 0
          ? html`<p class="warning">${t("banner.failed_shards", { count: state.traffic.failedShards })}</p>`
          : null
      }
      <div class="buttons">
        <button class="quiet" data-testid="ping" @click=${this.ask("ping")}>${pulseIcon}Ping</button>
        <button class="quiet" data-testid="resync" @click=${this.ask("resync")}>${resyncIcon}Resync</button>
      </div>
      ${state.rights.size > 0 ? html`<div class="buttons">${this.operating(state)}</div>` : null}
    `;
  }

  private operating({ reconstructor, rights }: ProjectState): TemplateResult[] {
    const next: readonly Verb[] = ["refetch", reconstructor?.presence === "paused" ? "resume" : "pause"];
    return next
      .filter((verb) => rights.has(verb))
      .map((verb) => html`<button class="quiet" data-testid=${verb} @click=${this.ask(verb)}>${VERBS[verb]}</button>`);
  }

  private ask(verb: Verb): () => void {
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
  if (!scene.shown) return [["Points", "none yet"]];
  const { manifest } = scene.shown;
  return [
    ["Points in total", count(manifest.point_count)],
    ["Shards loaded", `${scene.shown.loaded.size} of ${manifest.shard_count}`],
    ["Version", updateWords(manifest.generation, manifest.revision)],
    ["Scale", manifest.frame.metres_per_unit !== null ? scaleWords(manifest.frame) : "not set"],
  ];
}

function scaleWords({ scale_source, scale_deviation_ratio: ratio }: WorldFrame): string {
  const words = `metres, from ${SCALE_SOURCES[scale_source]}`;
  return ratio === null ? words : `${words}, ± ${percent(ratio)}`;
}

function imageRows({ images, statistics }: ProjectState): Row[] {
  if (!statistics) return [["Images", count(images.imageCount)]];
  return [
    ["Stored", count(statistics.stored_count)],
    ["Preview only so far", count(statistics.preview_count), "preview-count"],
    ["Placed", count(statistics.placed_count)],
    ["Waiting for overlap", count(statistics.waiting_count)],
    ["Not usable", count(statistics.rejected_count)],
    ["In the queue", count(statistics.queued_count)],
  ];
}

/** The latency of each hop: the newest sample, and the median from three samples on. */
function hopRows({ latency, roundTripS }: ProjectState): Row[] {
  const words = (samples: readonly number[]): string => {
    const summary = summaryOf(samples);
    if (!summary) return "–";
    const { median, newest } = summary;
    return samples.length < 3 ? seconds(newest) : `${seconds(newest)} (median ${seconds(median)})`;
  };
  const { capturedToStored, pointsToSeen, storedToPoints } = latency.hops;
  return [
    ["Camera to store", words(capturedToStored), "hop-captured"],
    ["Store to points", words(storedToPoints), "hop-stored"],
    ["Points to this screen", words(pointsToSeen), "hop-seen"],
    ["Ping round trip", roundTripS === null ? "–" : seconds(roundTripS), "round-trip"],
  ];
}

function connectionRows({ traffic }: ProjectState): Row[] {
  return [
    ["Messages", count(traffic.messages)],
    ["Received", bytes(traffic.bytes)],
  ];
}

function deviceRows({ drawCalls, frameMs, frames, pointsDrawn }: DeviceFigures): Row[] {
  return [
    ["Points in the last frame", count(pointsDrawn)],
    ["Script time per frame", `${frameMs.toFixed(1)} ms`],
    ["Draw calls", count(drawCalls)],
    ["Frames drawn", count(frames)],
  ];
}
