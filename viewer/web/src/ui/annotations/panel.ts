/** Which measures and notes are there? A list with their figures, buttons that add one, and a form for what is chosen. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Annotation } from "../../scene/annotations/annotation";
import { KINDS, isWithoutArea } from "../../scene/annotations/annotation";
import { csvOf, geoJsonOf } from "../../scene/annotations/files";
import { fieldStyles } from "../form-styles";
import { dateAndTime } from "../format";
import { checkIcon, closeIcon, saveIcon } from "../icons";
import { onLanguage } from "../language/language";
import { LocalizedElement } from "../language/localized";
import { offer } from "../saving/saving";
import { sharedParts } from "../theme";
import type { AnnotationEditor, Draft } from "./editor";
import { kindIcon } from "./icons";
import { panelStyles } from "./panel-styles";
import { UNITS, isUnit } from "./units";
import { heightWords, loadWords, mainFigure, w } from "./words";

const MAX_NAME = 80;
const MAX_TEXT = 500;

@customElement("cairn-annotations")
export class AnnotationsPanel extends LocalizedElement {
  static override readonly styles = [sharedParts, fieldStyles, panelStyles];

  @property({ attribute: false }) editor!: AnnotationEditor;
  /** The editor's version and the project's state, so that a change of either draws the list again. */
  @property({ attribute: false }) version: unknown = 0;
  @property({ attribute: false }) project: unknown = null;

  private endWords: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.endWords = onLanguage(() => void this.speak());
    void this.speak();
    void this.editor.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endWords?.();
    this.editor.cancel();
    this.editor.select(null);
  }

  override render(): TemplateResult {
    const { editor } = this;
    return html`<header>
        <h2>${w("title")}</h2>
        <button class="plain" aria-label=${w("close")} title=${w("close")} @click=${this.close}>${closeIcon}</button>
      </header>
      ${this.adding()} ${editor.draft ? this.draft(editor.draft) : this.list()}`;
  }

  private adding(): TemplateResult {
    const { editor } = this;
    if (editor.mayWrite === false) return html`<p class="soft pad" role="status">${w("look_only")}</p>`;
    if (editor.isFull) return html`<p class="soft pad" role="status">${w("full")}</p>`;
    return html`<div class="kinds" role="group" aria-label=${w("add")}>
      ${KINDS.map(
        (kind) =>
          html`<button
            class="plain"
            data-testid="add-${kind}"
            aria-pressed=${editor.draft?.kind === kind}
            @click=${() => {
              if (editor.draft?.kind === kind) editor.cancel();
              else editor.begin(kind);
            }}
          >
            ${kindIcon(kind)}${w(kind)}
          </button>`,
      )}
    </div>`;
  }

  private draft(draft: Draft): TemplateResult {
    const { editor } = this;
    const { kind, points } = draft;
    const isNoteSet = kind === "note" && editor.isComplete;
    const figure = mainFigure(editor.figures(draft, points), editor.survey, editor.unit);
    return html`<div class="draft" data-testid="draft">
      ${isNoteSet ? this.noteForm(draft) : html`<p class="soft" role="status">${w(draft.isMissed ? "missed" : `step.${kind}`)}</p>`}
      ${figure === "" ? nothing : html`<div class="big">${figure}</div>`}
      ${
        kind === "area"
          ? html`<p class="soft" role="status">
              ${isWithoutArea(draft) ? w("crossed") : w("step.corners", { count: points.length })}
            </p>`
          : points.length > 0 && kind !== "note"
            ? html`<p class="soft">${w("step.count", { count: points.length, most: kind === "angle" ? 3 : 2 })}</p>`
            : nothing
      }
      <div class="buttons">
        ${
          kind === "area" && editor.isComplete
            ? html`<button class="primary" data-testid="done" @click=${() => void editor.finish()}>
                ${checkIcon}${w("done")}
              </button>`
            : nothing
        }
        ${points.length > 0 ? html`<button class="quiet" @click=${this.undo}>${w("undo")}</button>` : nothing}
        <button class="quiet" @click=${this.cancel}>${w("cancel")}</button>
      </div>
    </div>`;
  }

  private noteForm({ words = "" }: Draft): TemplateResult {
    return html`<form class="tall" @submit=${this.saveNote}>
      <textarea
        name="text"
        required
        maxlength=${MAX_TEXT}
        aria-label=${w("text")}
        placeholder=${w("text")}
        .value=${words}
        data-testid="note-text"
      ></textarea>
      <button class="primary" data-testid="save-note">${checkIcon}${w("save")}</button>
    </form>`;
  }

  private list(): TemplateResult {
    const { editor } = this;
    if (editor.annotations.length === 0) return html`<p class="soft pad">${w("empty")}</p>`;
    return html`<ul data-testid="annotations">
        ${repeat(editor.annotations, keyOf, (annotation) => this.row(annotation))}
      </ul>
      ${this.footer()}`;
  }

  private row(annotation: Annotation): TemplateResult {
    const { editor } = this;
    const isChosen = annotation.key === editor.selected;
    const figures = editor.figures(annotation, editor.pointsOn(annotation));
    return html`<li class=${isChosen ? "chosen" : ""} data-testid="annotation" data-key=${annotation.key}>
      <button
        class="row"
        aria-expanded=${isChosen}
        @click=${() => {
          editor.select(isChosen ? null : annotation.key);
        }}
      >
        ${kindIcon(annotation.kind)}<bdi title=${annotation.words || w(annotation.kind)}
          >${annotation.words || w(annotation.kind)}</bdi
        ><span class="value">${mainFigure(figures, editor.survey, editor.unit)}</span>
      </button>
      ${isChosen ? this.details(annotation) : nothing}
    </li>`;
  }

  private details(annotation: Annotation): TemplateResult {
    const { editor } = this;
    const { horizontal, vertical } = editor.figures(annotation, editor.pointsOn(annotation));
    const { survey, unit } = editor;
    const mayChange = editor.mayChange(annotation);
    return html`<div class="details">
      ${
        annotation.kind === "distance" && horizontal !== null && vertical !== null
          ? html`<p class="soft" data-testid="parts">
              ${w("horizontal")} ${heightWords(horizontal, survey, unit)}<br />${w("vertical")}
              ${heightWords(vertical, survey, unit)}
            </p>`
          : nothing
      }
      ${vertical === null || survey.up ? nothing : html`<p class="soft">${w("up_estimated")}</p>`}
      ${isWithoutArea(annotation) ? html`<p class="soft">${w("crossed")}</p>` : nothing}
      ${annotation.kind === "note" && !mayChange ? html`<bdi>${annotation.words}</bdi>` : nothing}
      <p class="soft">${w("by", { user: annotation.user, at: dateAndTime(Date.parse(annotation.setAt)) })}</p>
      ${mayChange ? this.changing(annotation) : nothing}
    </div>`;
  }

  private changing(annotation: Annotation): TemplateResult {
    const { editor } = this;
    const isNote = annotation.kind === "note";
    const label = w(isNote ? "text" : "name");
    const rename = (event: SubmitEvent): void => {
      const words = wordsOf(event);
      if (words !== "") void editor.rename(annotation, words);
    };
    return html`<form class=${isNote ? "tall" : ""} @submit=${rename}>
        ${
          isNote
            ? html`<textarea name="text" required maxlength=${MAX_TEXT} aria-label=${label} .value=${annotation.words}>
              </textarea>`
            : html`<input
                name="text"
                required
                autocomplete="off"
                maxlength=${MAX_NAME}
                aria-label=${label}
                .value=${annotation.words}
                data-testid="name"
              />`
        }
        <button class="quiet" data-testid="rename">${w("rename")}</button>
      </form>
      <div class="end">
        <p class="soft">${w("drag")}</p>
        <button class="quiet delete" data-testid="delete" @click=${() => void editor.remove(annotation)}>
          ${w("delete")}
        </button>
      </div>`;
  }

  private footer(): TemplateResult {
    const { editor } = this;
    return html`<footer>
      ${
        editor.metresPerUnit === null
          ? html`<label>${w("unscaled")}</label>`
          : html`<label
              >${w("unit")}
              <select data-testid="unit" @change=${this.useUnit}>
                ${Object.keys(UNITS).map((unit) => html`<option ?selected=${unit === editor.unit}>${unit}</option>`)}
              </select></label
            >`
      }
      <button class="quiet" data-testid="csv" title=${w("save_as")} @click=${this.saveCsv}>
        ${saveIcon}${w("csv")}
      </button>
      <button class="quiet" data-testid="geojson" title=${w("save_as")} @click=${this.saveGeoJson}>
        ${w("geojson")}
      </button>
    </footer>`;
  }

  private async speak(): Promise<void> {
    await loadWords();
    this.editor.update();
  }

  private readonly close = (): void => {
    this.dispatchEvent(new CustomEvent("done"));
  };

  private readonly undo = (): void => {
    this.editor.undo();
  };

  private readonly cancel = (): void => {
    this.editor.cancel();
  };

  private readonly saveNote = (event: SubmitEvent): void => {
    const words = wordsOf(event);
    if (words !== "") void this.editor.finish(words);
  };

  private readonly useUnit = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    if (isUnit(value)) this.editor.useUnit(value);
  };

  private readonly saveCsv = (): void => {
    const { placed, survey } = this.editor;
    // The byte order mark tells spreadsheets that it is UTF-8.
    offer(new Blob(["\ufeff", csvOf(placed, survey)], { type: "text/csv" }), `${survey.project}-measures.csv`);
  };

  private readonly saveGeoJson = (): void => {
    const { placed, survey } = this.editor;
    offer(
      new Blob([geoJsonOf(placed, survey)], { type: "application/geo+json" }),
      `${survey.project}-measures.geojson`,
    );
  };
}

/** Rows by key: what somebody writes in one stays there when others come. */
function keyOf({ key }: Annotation): string {
  return key;
}

/** The text of a form in one line. */
function wordsOf(event: SubmitEvent): string {
  event.preventDefault();
  const text = new FormData(event.target as HTMLFormElement).get("text");
  return typeof text === "string" ? text.replaceAll(/\s+/g, " ").trim() : "";
}
