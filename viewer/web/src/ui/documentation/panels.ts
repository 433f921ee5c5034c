/** Which tools are beside a drawing? The contents of the tabs. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { Side } from "../../render/view";
import type { Box } from "../../scene/documentation/axes";
import type { Scale } from "../../scene/documentation/sheet";
import { SCALES, metresPerPx } from "../../scene/documentation/sheet";
import { fixed, length, percent, points, sentenceCase, versionWords } from "../format";
import { saveIcon } from "../icons";
import type { Cutting } from "./cutting";
import { sectionLengths, uncut, withSide } from "./cutting";
import type { Earlier } from "./earlier";
import type { Documentation } from "./element";
import type { Snapshot } from "./snapshot";
import { timeLinePart } from "./time-line";
import type { ViewKey } from "./words";
import { v } from "./words";

export const TABS = ["cut", "sheet", "profile", "versions", "film"] as const;
export type Tab = (typeof TABS)[number];

interface Slider {
  readonly name: string;
  readonly words: string;
  readonly shown: string;
  readonly range: readonly [number, number];
  readonly value: number;
  readonly onValue: (value: number) => void;
}

const STEPS = 500;
/** So many earlier versions have a button; older ones are on the time line. */
const OFFERED = 3;

function slider({ name, onValue, range: [low, high], shown, value, words }: Slider): TemplateResult {
  return html`<label class="slider">
    <span>${words}</span><output>${shown}</output>
    <input
      type="range"
      data-testid="slider-${name}"
      min=${low}
      max=${high}
      step=${Math.max(1e-9, (high - low) / STEPS)}
      .value=${String(value)}
      @input=${(event: InputEvent) => {
        onValue((event.currentTarget as HTMLInputElement).valueAsNumber);
      }}
    />
  </label>`;
}

/** The sides of the box: words, axis of the facade and end. */
const SIDES: readonly (readonly [ViewKey, 0 | 1 | 2, keyof Box])[] = [
  ["cut.left", 0, "low"],
  ["cut.right", 0, "high"],
  ["cut.bottom", 1, "low"],
  ["cut.top", 1, "high"],
  ["cut.back", 2, "low"],
  ["cut.front", 2, "high"],
];

export function cutPanel(host: Documentation): TemplateResult | typeof nothing {
  const { cutting, snapshot } = host;
  if (!snapshot || !cutting) return nothing;
  return html`<p class="soft">${v(snapshot.facade.isPlane ? "plane.found" : "plane.missing")}</p>
    <label class="check">
      <input
        type="checkbox"
        data-testid="section"
        .checked=${cutting.hasSection}
        @change=${(event: Event) => {
          host.cut({ ...cutting, hasSection: (event.currentTarget as HTMLInputElement).checked });
        }}
      />${v("cut.section")}
    </label>
    ${cutting.hasSection ? sectionPart(host, cutting) : nothing} ${boxPart(host, cutting, snapshot)} ${sidesPart(host)}`;
}

/** Sides of the view in three dimensions, with the words of the drawing's directions. */
const SIDES_3D: readonly (readonly [Side, ViewKey])[] = [
  ["front", "direction.front"],
  ["side", "direction.right"],
  ["top", "direction.top"],
];

/** Buttons that close the drawing and turn the view in three dimensions; a phone has no keys for that. */
export function sidesPart(host: Documentation): TemplateResult {
  return html`<fieldset>
    <legend>${v("sides")}</legend>
    <div class="row">
      ${SIDES_3D.map(
        ([side, words]) =>
          html`<button
            class="quiet"
            data-testid="side-${side}"
            @click=${() => {
              host.dispatchEvent(new CustomEvent<Side>("side", { detail: side }));
              host.close();
            }}
          >
            ${v(words)}
          </button>`,
      )}
    </div>
  </fieldset>`;
}

function sectionPart(host: Documentation, cutting: Cutting): TemplateResult {
  const { direction, metresPerUnit } = host;
  const [at, thickness] = sectionLengths(cutting, direction);
  return html`<p class="soft">${v("cut.section.text")}</p>
    ${slider({
      name: "position",
      words: v("cut.position"),
      shown: length(at, metresPerUnit),
      range: [0, 1],
      value: cutting.sectionAt,
      onValue: (sectionAt) => {
        host.cut({ ...cutting, sectionAt });
      },
    })}
    ${slider({
      name: "thickness",
      words: v("cut.thickness"),
      shown: length(thickness, metresPerUnit),
      range: [0.002, 0.3],
      value: cutting.thickness,
      onValue: (each) => {
        host.cut({ ...cutting, thickness: each });
      },
    })}`;
}

function boxPart(host: Documentation, cutting: Cutting, { plane, whole }: Snapshot): TemplateResult {
  const show = (next: Cutting): void => {
    host.cut(next);
    host.fit();
  };
  const button = (words: "facade" | "everything", next: Cutting): TemplateResult =>
    html`<button
      class="quiet"
      data-testid="cut-${words}"
      @click=${() => {
        show(next);
      }}
    >
      ${v(`cut.${words}`)}
    </button>`;
  return html`<fieldset>
    <legend>${v("cut.box")}</legend>
    <div class="row">
      ${plane ? button("facade", { ...cutting, box: plane }) : nothing}${button("everything", uncut(whole))}
    </div>
    ${SIDES.map(([words, axis, end]) =>
      slider({
        name: words.slice("cut.".length),
        words: v(words),
        shown: length(cutting.box[end][axis] - whole.low[axis], host.metresPerUnit),
        range: [whole.low[axis], whole.high[axis]],
        value: cutting.box[end][axis],
        onValue: (value) => {
          host.cut({ ...cutting, box: withSide(cutting.box, whole, end, axis, value) });
        },
      }),
    )}
  </fieldset>`;
}

export function sheetPanel(host: Documentation): TemplateResult {
  const { metresPerUnit, scale, sheet } = host;
  const { progress } = host.saving;
  if (metresPerUnit === null) return html`<p role="status" data-testid="no-metres">${v("sheet.no_metres")}</p>`;
  const save = (kind: "png" | "pdf"): TemplateResult =>
    html`<button
      class="quiet"
      data-testid="save-${kind}"
      ?disabled=${sheet === null || progress !== null}
      @click=${() => void host.saving.sheet(kind)}
    >
      ${saveIcon}${v(`sheet.${kind}`)}
    </button>`;
  const pixel = `${fixed(1000 * metresPerPx(scale), 2)} mm`;
  return html`<p class="soft">${v("sheet.text")}</p>
    <fieldset>
      <legend>${v("sheet.scale")}</legend>
      <div class="row">${SCALES.map((each) => scaleButton(host, each))}</div>
    </fieldset>
    ${
      sheet === null
        ? html`<p class="bad" role="alert" data-testid="too-large">${tooLarge(host)}</p>`
        : html`<p class="figure soft" data-testid="sheet-size">
            ${v("sheet.size", { width: sheet.widthPx, height: sheet.heightPx, pixel })}
          </p>`
    }
    <div class="row">${save("png")}${save("pdf")}</div>
    ${progress === null ? nothing : progressPart(progress, v("sheet.making", { percent: percent(progress) }))}
    ${failure(host)}`;
}

function tooLarge({ fittingScale: fitting, scale }: Documentation): string {
  return fitting === null ? v("sheet.too_large", { scale }) : v("sheet.too_large.fitting", { scale, fitting });
}

function scaleButton(host: Documentation, scale: Scale): TemplateResult {
  return html`<button
    class="quiet"
    data-testid="scale-${scale}"
    aria-pressed=${host.scale === scale}
    @click=${() => {
      host.scale = scale;
    }}
  >
    1:${scale}
  </button>`;
}

export function profilePanel(host: Documentation): TemplateResult {
  const { metresPerUnit, profiling, snapshot } = host;
  const { address, halfWidth, profile } = profiling;
  const most = snapshot ? 0.1 * (snapshot.whole.high[1] - snapshot.whole.low[1]) : 1;
  const line = (kind: "across" | "upright"): TemplateResult =>
    html`<button
      class="quiet"
      data-testid="profile-${kind}"
      @click=${() => {
        profiling.drawThroughMiddle(kind);
      }}
    >
      ${v(`profile.${kind}`)}
    </button>`;
  return html`<p class="soft">${v("profile.text")}</p>
    <div class="row">${line("across")}${line("upright")}</div>
    ${slider({
      name: "strip",
      words: v("profile.width"),
      shown: length(2 * halfWidth, metresPerUnit),
      range: [most / 400, most],
      value: halfWidth,
      onValue: (value) => {
        profiling.widen(value);
      },
    })}
    ${profile?.points.length === 0 ? html`<p role="status">${v("profile.empty")}</p>` : nothing}
    ${
      profile && address !== null
        ? html`<p class="figure" role="status" data-testid="profile-found">
              ${v("profile.found", {
                points: points(profile.points.length),
                length: length(profile.length, metresPerUnit),
              })}
            </p>
            <div class="preview"><img src=${address} alt=${v("tab.profile")} /></div>
            <div class="row">
              <button class="quiet" data-testid="save-csv" @click=${profiling.saveCsv}>
                ${saveIcon}${v("profile.csv")}
              </button>
              <button class="quiet" data-testid="save-svg" @click=${profiling.saveSvg}>
                ${saveIcon}${v("profile.svg")}
              </button>
            </div>`
        : nothing
    }`;
}

export function versionsPanel({ earlier, project, snapshot }: Documentation): TemplateResult | typeof nothing {
  if (!earlier || !snapshot) return nothing;
  const marks = earlier.marks(project.activity);
  const { chosen, offered } = earlier;
  if (offered.length === 0 && marks.length < 2)
    return html`<p role="status" data-testid="no-versions">${v("versions.none")}</p>`;
  const onChoose = (generation: number): void => void earlier.choose(generation);
  return html`<p class="soft">${v("versions.text")}</p>
    ${comingPart(earlier)}
    <fieldset>
      <legend>${v("versions.choose")}</legend>
      <div class="row">${offered.slice(0, OFFERED).map((each) => versionButton(each, chosen, onChoose))}</div>
    </fieldset>
    ${
      marks.length === 0
        ? nothing
        : timeLinePart({
            marks,
            present: snapshot.manifest.generation,
            chosen,
            offered,
            accuracy: (generation) => earlier.accuracy(generation),
            onChoose,
          })
    }`;
}

function versionButton(
  generation: number,
  chosen: number | null,
  onChoose: (generation: number) => void,
): TemplateResult {
  return html`<button
    class="quiet"
    data-testid="version-${generation}"
    aria-pressed=${chosen === generation}
    @click=${() => {
      onChoose(generation);
    }}
  >
    ${versionWords(generation)}
  </button>`;
}

function comingPart({ chosen, coming }: Earlier): TemplateResult | typeof nothing {
  if (chosen === null || coming === "shown") return nothing;
  const words = v(`versions.${coming}`, { version: versionWords(chosen) });
  return html`<p role="status" class="coming ${coming === "failed" ? "bad" : ""}" data-testid="version-${coming}">
    ${sentenceCase(words)}
  </p>`;
}

export function filmPanel(host: Documentation): TemplateResult {
  const { hasFilm, saving } = host;
  const { filmAddress, filming } = saving;
  if (!hasFilm) return html`<p role="status">${v("film.none")}</p>`;
  return html`<p class="soft">${v("film.text")}</p>
    ${
      filming
        ? html`<div data-testid="filming">
              ${progressPart(
                filming.done / Math.max(1, filming.total),
                v("film.making", { number: filming.done, total: filming.total }),
              )}
            </div>
            <button class="quiet" data-testid="stop-film" @click=${saving.stop}>${v("film.stop")}</button>`
        : html`<button class="primary" data-testid="start-film" @click=${() => void saving.film()}>
            ${v("film.start")}
          </button>`
    }
    ${
      filmAddress === null
        ? nothing
        : html`<video controls muted playsinline src=${filmAddress} data-testid="film"></video>`
    }
    ${failure(host)}`;
}

/** A bar with words: a live region would read out every frame. */
function progressPart(doneRatio: number, words: string): TemplateResult {
  return html`<p class="figure">${words}</p>
    <progress max="1" .value=${doneRatio} aria-label=${words}></progress>`;
}

function failure({ saving: { failure: reason } }: Documentation): TemplateResult | typeof nothing {
  return reason === null
    ? nothing
    : html`<p class="bad" role="alert">${v("failed", { reason: reason.replace(/\.$/u, "") })}</p>`;
}
