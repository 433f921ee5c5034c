/** How does a person get a file for another program? A dialog with the formats, how far the file is, and what is ready. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { Follower } from "../../scene/follower";
import type { ExportFormat } from "../../wire/contract";
import type { Credentials } from "../../wire/credentials";
import type { ReadyExport } from "../../wire/exports";
import { ExportError, FORMATS, exportLink, fetchExports } from "../../wire/exports";
import { bytes, dateAndTime, percent, points } from "../format";
import { choiceStyles } from "../form-styles";
import { closeIcon } from "../icons";
import { speech } from "../language/language";
import { LocalizedElement } from "../language/localized";
import { errorWords, t } from "../language/t";
import { offer } from "../saving/saving";
import { sharedParts } from "../theme";
import type { AskedExport } from "./asked";
import { askedBy } from "./asked";
import { exportStyles } from "./dialog-styles";
import { loadExportWords, refusalWords, say, stageOf } from "./words";

const LOOK_MS = 5000;

@customElement("cairn-exports")
export class Exports extends LocalizedElement {
  static override readonly styles = [sharedParts, choiceStyles, exportStyles];

  @property({ attribute: false }) base!: string;
  @property({ attribute: false }) credentials!: Credentials;
  @property({ attribute: false }) follower!: Follower;
  /** Whether this account may ask for files. */
  @property({ attribute: false }) canMake = false;
  /** The points on the screen, as a PLY. */
  @property({ attribute: false }) cloud!: () => Blob | undefined;

  @state() private ready: readonly ReadyExport[] | null = null;
  @state() private chosen: ExportFormat = "ply";
  @state() private news: string | null = null;
  @state() private refusal: string | null = null;
  /** Why the list of files did not come; gone as soon as it comes. */
  @state() private listTrouble: string | null = null;

  @query("dialog") private readonly dialog!: HTMLDialogElement;

  private language = "en";
  private looking: ReturnType<typeof setInterval> | null = null;

  private get asked(): AskedExport {
    return askedBy(this.follower);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asked.onChange = null; // it is heard of further: who opens the dialog again sees how far it is
    if (this.looking !== null) clearInterval(this.looking);
  }

  override render(): TemplateResult {
    return html`<dialog data-testid="exports" aria-label=${say("title")} @close=${this.closed}>
      <div class="head">
        <h2>${say("title")}</h2>
        <button
          class="plain"
          data-testid="export-close"
          aria-label=${t("close")}
          title=${t("close")}
          @click=${this.close}
        >
          ${closeIcon}
        </button>
      </div>
      ${this.canMake ? this.form() : html`<p class="soft">${say("no_right")}</p>`} ${this.progress()}
      <div aria-live="polite">
        ${this.news === null ? nothing : html`<p data-testid="export-news">${this.news}</p>`}
        ${bad(this.refusal ?? this.listTrouble)}
      </div>
      ${this.ready === null ? nothing : this.files(this.ready)}
      <div class="foot">
        <button class="quiet" data-testid="export-screen" @click=${this.saveScreen}>${say("screen")}</button>
      </div>
    </dialog>`;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
    // Not at the connection: this file may load after the element is there, and then its properties are not set yet.
    this.follower.listeners.add(this.asked.hear);
    this.asked.onChange = this.look;
    this.look();
    // An answer is lost with its connection; the list is not.
    this.looking = setInterval(() => {
      if (this.asked.running) void this.list();
    }, LOOK_MS);
    void this.list();
  }

  protected override willUpdate(): void {
    const { language } = speech();
    if (language === this.language) return;
    this.language = language;
    void loadExportWords().then(() => {
      this.requestUpdate();
    });
  }

  private form(): TemplateResult {
    return html`<form data-testid="export-form" @submit=${this.submit}>
      <p class="soft">${say("lead")}</p>
      <fieldset>
        <legend>${say("format")}</legend>
        ${FORMATS.map((each) => this.choice(each))}
      </fieldset>
      <label><input type="checkbox" name="names" checked />${say("names")}</label>
      <button class="primary" data-testid="export-make" ?disabled=${this.asked.running !== null && !this.asked.isLost}>
        ${say("make")}
      </button>
    </form>`;
  }

  private choice(format: ExportFormat): TemplateResult {
    const choose = (): void => {
      this.chosen = format;
    };
    return html`<label>
      <input type="radio" name="format" value=${format} .checked=${format === this.chosen} @change=${choose} />
      <span><b>${say(format)}</b><br /><span class="soft">${say(`${format}.text`)}</span></span>
    </label>`;
  }

  private progress(): TemplateResult | typeof nothing {
    const { isLost, running } = this.asked;
    if (!running) return nothing;
    if (isLost) return html`<p data-testid="export-lost">${say("lost")}</p>`;
    const { format, ratio, stage } = running;
    const words =
      stage === null
        ? say("asked")
        : say("making", { format: say(format), stage: stageOf(stage), percent: percent(ratio) });
    return html`<p data-testid="export-progress">${words}</p>
      <progress max="1" .value=${ratio} aria-label=${words}></progress>`;
  }

  private files(ready: readonly ReadyExport[]): TemplateResult {
    return html`<section aria-label=${say("ready")}>
      <h3>${say("ready")}</h3>
      ${ready.length === 0 ? html`<p class="soft">${say("none")}</p>` : html`<p class="soft">${say("old")}</p>`}
      <ul data-testid="export-files">
        ${ready.map(
          (file) =>
            html`<li>
              <span
                ><b>${say(file.format)}</b> ·
                ${[bytes(file.size_bytes), dateAndTime(Date.parse(file.made_at))].join(" · ")}</span
              >
              <button
                class="quiet"
                data-testid="export-download"
                aria-label=${say("download.title", { name: file.name })}
                @click=${() => this.download(file.name)}
              >
                ${say("download")}
              </button>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  private readonly submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const hasNames = new FormData(event.target as HTMLFormElement).has("names");
    const format = this.chosen;
    const known = this.ready && namesOf(this.ready);
    [this.news, this.refusal, this.listTrouble] = [null, null, null];
    this.asked.begin(format, known);
    try {
      this.asked.accept(await this.follower.request("export", { format, hasNames }));
      this.look();
    } catch (thrown) {
      [this.asked.running, this.refusal] = [null, errorWords(thrown)];
    }
  };

  /** Show how far the export is, or how it ended. */
  private readonly look = (): void => {
    const { ended } = this.asked;
    this.requestUpdate();
    if (!ended) return;
    this.asked.ended = null;
    const { code, export: made, reason } = ended.answer;
    if (made === null) this.refusal = refusalWords(code, reason);
    else
      this.news = say(made.is_metric ? "made.metres" : "made.units", {
        format: say(ended.format),
        points: points(made.point_count),
      });
    void this.list();
  };

  private async list(): Promise<void> {
    try {
      this.ready = await fetchExports(this.base, this.credentials);
      this.listTrouble = null;
      const { asked, ready } = this;
      const { running } = asked;
      if (!running) return;
      const known = running.known ?? namesOf(ready);
      const isThere = ready.some(({ format, name }) => format === running.format && !known.has(name));
      asked.running = isThere ? null : { ...running, known };
      this.requestUpdate();
    } catch (thrown) {
      this.listTrouble = troubleWords(thrown);
    }
  }

  private async download(name: string): Promise<void> {
    try {
      const link = document.createElement("a");
      link.href = await exportLink(this.base, this.credentials, name);
      link.download = name;
      link.click();
    } catch (thrown) {
      this.refusal = troubleWords(thrown);
      void this.list();
    }
  }

  private readonly saveScreen = (): void => {
    const cloud = this.cloud();
    if (cloud) offer(cloud, `${this.credentials.project}.ply`);
  };

  private readonly close = (): void => {
    this.dialog.close();
  };

  private readonly closed = (): void => {
    this.dispatchEvent(new CustomEvent("done"));
  };
}

function namesOf(ready: readonly ReadyExport[]): ReadonlySet<string> {
  return new Set(ready.map(({ name }) => name));
}

/** The region around it is read out: no alert within. */
function bad(words: string | null): TemplateResult | typeof nothing {
  return words === null ? nothing : html`<p class="bad" data-testid="export-refusal">${words}</p>`;
}

function troubleWords(thrown: unknown): string {
  return thrown instanceof ExportError ? refusalWords(thrown.code, thrown.message) : errorWords(thrown);
}
