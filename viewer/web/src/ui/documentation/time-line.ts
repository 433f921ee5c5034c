/** How is what happened shown beside two versions? A line of marks, each of which chooses the version of its time. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { Entry } from "../../scene/activity";
import type { Accuracy, Mark } from "../../scene/documentation/generations";
import { deviationWords } from "./caption";
import { fixed, sentenceCase, dateAndTime, versionWords } from "../format";
import { v } from "./words";

export type Activity = readonly Entry[];

interface TimeLine {
  readonly marks: readonly Mark[];
  readonly present: number;
  readonly chosen: number | null;
  readonly offered: readonly number[];
  readonly accuracy: (generation: number) => Accuracy | null;
  readonly onChoose: (generation: number) => void;
}

export function timeLinePart({ accuracy, chosen, marks, offered, onChoose, present }: TimeLine): TemplateResult {
  return html`<fieldset>
    <legend>${v("line")}</legend>
    <ol class="line" data-testid="time-line">
      ${marks.map((mark) => {
        const { atMs, generation, imageNumber, kind } = mark;
        const isKept = generation === present || (generation !== null && offered.includes(generation));
        return html`<li class="${kind} ${isKept ? "" : "gone"}">
          <button
            data-testid="mark-${kind}"
            data-generation=${generation ?? ""}
            aria-pressed=${kind === "generation" && generation === chosen}
            ?disabled=${generation === null}
            @click=${() => {
              if (generation !== null) onChoose(generation);
            }}
          >
            <i aria-hidden="true"></i>
            <span>${wordsOf(mark, present)}</span>
            <small
              >${v("line.after", { number: imageNumber })} ·
              <time datetime=${new Date(atMs).toISOString()}>${dateAndTime(atMs)}</time></small
            >
            ${kind === "generation" ? accuracyPart(accuracy(generation ?? 0)) : nothing}
          </button>
        </li>`;
      })}
    </ol>
  </fieldset>`;
}

function accuracyPart(found: Accuracy | null): TemplateResult | typeof nothing {
  if (!found) return nothing;
  const { mean_reprojection_error_px: pixels, metres_per_unit: metres, scale_deviation_ratio: ratio } = found;
  const cameras = pixels === null ? [] : [v("caption.cameras", { pixels: fixed(pixels, 2) })];
  const scale = metres === null ? v("line.no_scale") : deviationWords(ratio);
  return html`<small data-testid="accuracy">${[...cameras, scale].join(", ")}</small>`;
}

function wordsOf({ count, generation, kind }: Mark, present: number): string {
  switch (kind) {
    case "generation":
      return generation === present ? v("line.present") : sentenceCase(versionWords(generation ?? 0));
    case "problem":
      return count === 1 ? v("line.problem") : v("line.problems", { count });
    case "scale":
      return v("line.scale");
  }
}
