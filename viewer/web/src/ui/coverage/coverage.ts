/** What is still missing, and where should one stand? `<cairn-coverage>`: a panel, ghost cameras, and a line on phones. */
import type { PropertyValues, TemplateResult } from "lit";
import { html, nothing, svg } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { Subject } from "../../scene/coverage/painters";
import { COVERED, RAMP, SUBJECTS } from "../../scene/coverage/painters";
import type { Way } from "../../scene/coverage/way";
import { wayTo } from "../../scene/coverage/way";
import { axesOf, scaled } from "../../scene/coverage/lines";
import type { Follower } from "../../scene/follower";
import { upOf } from "../../scene/framing";
import type { ImageTrack } from "../../scene/images";
import { isUnplaced } from "../../scene/images";
import { minus, plus } from "../../scene/scale";
import type { ProjectState } from "../../scene/state";
import type { Advice, AdvisedPlace } from "../../wire/contract";
import type { CoverageGrid } from "../../wire/coverage";
import { fieldStyles } from "../form-styles";
import { closeIcon, flyIcon } from "../icons";
import { speech } from "../language/language";
import { LocalizedElement } from "../language/localized";
import { reasonWords, t } from "../language/t";
import "../photographs/photo";
import type { StageElement } from "../stage/stage-element";
import { sharedParts } from "../theme";
import { distanceWords, generalWords, placeWords, whyWords } from "./advice-words";
import { coverageStyles } from "./coverage-styles";
import { Paint } from "./paint";
import type { Texts } from "./texts";
import { filled, textsOf } from "./texts";
import { CoverageWatch } from "./watch";

const MOST_UNPLACED = 6;
const NOWHERE: readonly AdvisedPlace[] = [];

@customElement("cairn-coverage")
export class CoverageElement extends LocalizedElement {
  static override readonly styles = [sharedParts, fieldStyles, coverageStyles];

  @property({ attribute: false }) project!: ProjectState;
  @property({ attribute: false }) follower!: Follower;
  @property({ attribute: false }) stage: StageElement | null = null;
  @property({ attribute: false }) isOpen = false;
  /** Whether something else is in the panel's place. */
  @property({ attribute: false }) isQuiet = false;

  @state() private subject: Subject = "coverage";
  private watch: CoverageWatch | null = null;
  private paint: Paint | null = null;
  private followed: StageElement | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watch?.end();
    this.paint?.clear();
    this.followed?.removeEventListener("frame", this.placeBadges);
    [this.watch, this.paint, this.followed] = [null, null, null];
  }

  override render(): TemplateResult | typeof nothing {
    const texts = textsOf(speech().language);
    if (this.isOpen) return html`${this.badges()} ${this.isQuiet ? nothing : this.panel(texts)}`;
    return this.isQuiet ? nothing : this.line(texts);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("follower")) return;
    this.watch?.end();
    this.watch = new CoverageWatch(this.follower, () => {
      this.requestUpdate();
    });
  }

  protected override updated(): void {
    this.watch?.watchGrid(this.isOpen);
    if (this.stage && this.stage !== this.followed) {
      this.followed = this.stage;
      this.paint = new Paint(this.stage);
      this.stage.addEventListener("frame", this.placeBadges);
    }
    const { grid, places, project, subject } = this;
    if (this.isOpen) this.paint?.update({ project, subject, grid, places });
    else this.paint?.clear();
    this.placeBadges();
    this.dispatchEvent(new CustomEvent("advise", { detail: this.renderRoot.querySelector(".line") !== null }));
    this.dispatchEvent(new CustomEvent("mark", { detail: this.isOpen ? this.markedIds : [] }));
  }

  /** The advice for the generation on screen. */
  private get advice(): Advice | null {
    const advice = this.watch?.advice ?? null;
    return advice?.generation === this.project.scene.shown?.manifest.generation ? advice : null;
  }

  private get places(): readonly AdvisedPlace[] {
    return this.advice?.places ?? NOWHERE;
  }

  private get grid(): CoverageGrid | null {
    const { coverage = null, grid = null } = this.watch ?? {};
    return coverage?.generation === this.project.scene.shown?.manifest.generation ? grid : null;
  }

  private get markedIds(): readonly string[] {
    return this.places.flatMap(({ marked }) => marked?.image_id ?? []);
  }

  private get metresPerUnit(): number | null {
    return this.project.scene.shown?.manifest.frame.metres_per_unit ?? null;
  }

  private panel(texts: Texts): TemplateResult {
    const general = generalWords(this.advice, texts);
    return html`<section class="panel" data-testid="coverage" aria-label=${texts.title}>
      <header>
        <h2>${texts.title}</h2>
        <button class="plain" aria-label=${t("close")} @click=${this.toggle}>${closeIcon}</button>
      </header>
      ${this.colours(texts)}
      <h3>${texts.stand}</h3>
      ${general === null ? nothing : html`<p data-testid="advice-general">${general}</p>`}
      ${this.places.length > 0 && this.metresPerUnit === null ? html`<p class="soft">${texts.stepIs}</p>` : nothing}
      <ol>
        ${this.places.map((place, index) => this.place(place, index + 1, texts))}
      </ol>
      ${this.unplaced(texts)}
    </section>`;
  }

  private colours(texts: Texts): TemplateResult {
    const { subject } = this;
    return html`<label
        >${texts.colourBy}
        <select
          data-testid="colour-by"
          @change=${(event: Event) => {
            this.subject = (event.target as HTMLSelectElement).value as Subject;
          }}
        >
          ${SUBJECTS.map((each) => html`<option value=${each} ?selected=${each === subject}>${texts.subjects[each]}</option>`)}
        </select>
      </label>
      ${subject === "photo" ? nothing : this.legend(subject, texts)}`;
  }

  private legend(subject: Exclude<Subject, "photo">, texts: Texts): TemplateResult {
    const isCovered = subject === "coverage" || subject === "confidence";
    const isSparse = subject === "coverage" && this.grid?.isDense === false;
    const colors = (isCovered ? COVERED : RAMP).map((color) => `rgb(${color.join(" ")})`);
    const [low, high] = isSparse ? texts.sparseEnds : texts.ends[subject];
    return html`<div class="ramp" .style=${`background:linear-gradient(90deg, ${colors.join(", ")})`}></div>
      <div class="ends"><span>${low}</span><span>${high}</span></div>
      ${this.grid?.isDense ? html`<div class="hole"><i></i>${texts.hole}</div>` : nothing}`;
  }

  private place(place: AdvisedPlace, number: number, texts: Texts): TemplateResult {
    return html`<li class="place" data-testid="advised-place">
      <span class="number" aria-hidden="true">${number}</span>
      <div>
        <strong>${whyWords(place, texts)}</strong>
        <p class="soft">${placeWords(place, this.metresPerUnit, texts)}</p>
        ${this.picture(place, texts)}
        <button
          class="quiet"
          @click=${() => {
            this.visit(place);
          }}
        >
          ${flyIcon}${filled(texts.show, { number })}
        </button>
      </div>
    </li>`;
  }

  /** The photograph that shows what is wanted, with a ring around it. */
  private picture({ marked }: AdvisedPlace, texts: Texts): TemplateResult | typeof nothing {
    const bytes = marked && this.project.thumbnails.get(marked.image_id);
    if (!bytes) return nothing;
    const words = filled(texts.marked, { number: marked.image_number });
    return html`<div class="picture" data-testid="marked">
      <cairn-photo .bytes=${bytes} .words=${words}></cairn-photo>
      <i .style=${`left:${100 * marked.across}%;top:${100 * marked.down}%`}></i>
    </div>`;
  }

  /** Photographs without a place, with what would give them one. */
  private unplaced(texts: Texts): TemplateResult | typeof nothing {
    const tracks = [...this.project.images.tracks.values()].filter(isUnplaced).reverse();
    if (tracks.length === 0) return nothing;
    const rest = tracks.length - MOST_UNPLACED;
    return html`<h3>${texts.notPlaced}</h3>
      <ul class="unplaced" data-testid="coverage-unplaced">
        ${tracks.slice(0, MOST_UNPLACED).map((track) => this.reason(track))}
        ${rest > 0 ? html`<li class="soft">${filled(texts.more, { count: rest })}</li>` : nothing}
      </ul>`;
  }

  private reason({ code, imageId, number, reason }: ImageTrack): TemplateResult {
    return html`<li>
      <button
        class="quiet"
        @click=${() => {
          this.dispatchEvent(new CustomEvent("choose", { detail: imageId }));
        }}
      >
        ${t("image.number", { number })}
      </button>
      <p class="soft">${reasonWords(code, reason)}</p>
    </li>`;
  }

  /** While the panel is closed: an arrow, a distance, and why; a tap opens the panel. */
  private line(texts: Texts): TemplateResult | typeof nothing {
    const { advice, places } = this;
    const [place] = places;
    if (!advice || (!advice.is_walk_unfinished && !place)) return nothing;
    const way = place && !advice.is_walk_unfinished ? this.wayOf(place) : null;
    const far = way && place ? this.far(way, place, texts) : "";
    const why = advice.is_walk_unfinished || !place ? texts.walkOn : whyWords(place, texts);
    return html`<button class="line" data-testid="advice-line" title=${`${far} ${why}`.trim()} @click=${this.toggle}>
      ${arrow(way?.turnDeg ?? 0)}<span>${far === "" ? nothing : html`<b data-testid="advice-distance">${far}</b>`}${why}</span>
    </button>`;
  }

  private far({ distance, imageNumber }: Way, { step }: AdvisedPlace, texts: Texts): string {
    const far = distanceWords(distance / step, step, this.metresPerUnit, texts);
    return filled(texts.fromLast, { distance: far, number: imageNumber });
  }

  private wayOf(place: AdvisedPlace): Way | null {
    const { cameras } = this.project.images;
    return wayTo(place, cameras, upOf(this.project.scene.shown?.manifest.frame.up ?? null, cameras));
  }

  private badges(): TemplateResult {
    return html`${this.places.map(
      (_, index) => html`<span class="number badge" aria-hidden="true" hidden>${index + 1}</span>`,
    )}`;
  }

  /** Move the numbers to their cameras, after each frame. */
  private readonly placeBadges = (): void => {
    const offset = this.project.scene.shown?.manifest.frame.offset ?? [0, 0, 0];
    for (const [index, badge] of this.renderRoot.querySelectorAll<HTMLElement>(".badge").entries()) {
      const place = this.places[index];
      const screen = place && this.stage?.stage?.project(minus(place.position, offset));
      badge.hidden = !screen;
      if (screen) badge.style.translate = `${screen[0].toFixed(1)}px ${screen[1].toFixed(1)}px`;
    }
  };

  /** Look from a place to stand: from a little behind it, so that its cameras are seen. */
  private visit({ looking, position, step, target }: AdvisedPlace): void {
    const { cameras } = this.project.images;
    const up = upOf(this.project.scene.shown?.manifest.frame.up ?? null, cameras);
    const behind = plus(minus(position, scaled(axesOf(looking, up).ahead, 2.5 * step)), scaled(up, step));
    this.stage?.standAt({ position: [...behind], target: [...target] });
  }

  private readonly toggle = (): void => {
    this.dispatchEvent(new CustomEvent("toggle"));
  };
}

/** An arrow that points ahead when the turn is 0, and to the right when it is 90. */
function arrow(turnDeg: number): TemplateResult {
  return html`<svg class="arrow" viewBox="-12 -12 24 24" aria-hidden="true">
    ${svg`<path transform="rotate(${turnDeg.toFixed(0)})" d="M0 9V-9M-6 -3L0 -9L6 -3"/>`}
  </svg>`;
}

declare global {
  interface HTMLElementTagNameMap {
    "cairn-coverage": CoverageElement;
  }
}
