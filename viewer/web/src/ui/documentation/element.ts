/** How is an object documented? Full screen: views without perspective, cuts, sheets at scale, profiles, versions, a film. */
import type { PropertyValues, TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { DrawnView } from "../../render/documentation/drawing";
import { Drawing, TILE_PX } from "../../render/documentation/drawing";
import type { Direction } from "../../scene/documentation/axes";
import { turnedBox, viewAxes } from "../../scene/documentation/axes";
import { placedCameras } from "../../scene/documentation/births";
import type { Scale, Sheet } from "../../scene/documentation/sheet";
import { MOST_PIXELS_DESKTOP, MOST_PIXELS_PHONE, fittingScale, sheetOf } from "../../scene/documentation/sheet";
import type { ProjectState } from "../../scene/state";
import type { WorldFrame } from "../../wire/contract";
import { isPhone } from "../device";
import { closeIcon } from "../icons";
import { LocalizedElement } from "../language/localized";
import type { StageElement } from "../stage/stage-element";
import { TAB_PANEL, tabList } from "../tabs";
import { sharedParts } from "../theme";
import type { Cutting } from "./cutting";
import { shownBox, uncut } from "./cutting";
import type { EarlierSource } from "./earlier";
import { Earlier } from "./earlier";
import { DrawingGestures } from "./gestures";
import { overDrawing } from "./over-drawing";
import type { Tab } from "./panels";
import { TABS, cutPanel, filmPanel, profilePanel, sheetPanel, versionsPanel } from "./panels";
import { Profiling } from "./profiling";
import { Redrawing } from "./redrawing";
import { Saving } from "./saving";
import type { Snapshot } from "./snapshot";
import { frameOf, snapshotOf } from "./snapshot";
import { documentationStyles } from "./styles";
import { Viewport } from "./viewport";
import { v } from "./words";

const PANELS: Readonly<Record<Tab, (host: Documentation) => TemplateResult | typeof nothing>> = {
  cut: cutPanel,
  sheet: sheetPanel,
  profile: profilePanel,
  versions: versionsPanel,
  film: filmPanel,
};

function mostPixels(): number {
  return isPhone() ? MOST_PIXELS_PHONE : MOST_PIXELS_DESKTOP;
}

@customElement("cairn-documentation")
export class Documentation extends LocalizedElement {
  static override readonly styles = [sharedParts, documentationStyles];

  @property({ attribute: false }) project!: ProjectState;
  @property({ attribute: false }) stage: StageElement | null = null;
  @property({ attribute: false }) source: EarlierSource | null = null;

  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query("canvas") private readonly canvas!: HTMLCanvasElement;

  @state() snapshot: Snapshot | null = null;
  @state() direction: Direction = "front";
  @state() cutting: Cutting | null = null;
  @state() scale: Scale = 50;
  @state() tab: Tab = "cut";
  @state() private border = 0.5;
  @state() private trouble: "trouble.graphics" | "trouble.points" | null = null;

  readonly profiling = new Profiling(this);
  readonly saving = new Saving(this);
  drawing: Drawing | null = null;
  earlier: Earlier | null = null;
  private readonly redrawing = new Redrawing((mostPoints) => {
    this.draw(mostPoints);
  });
  private readonly resizing = new ResizeObserver(() => {
    this.resize();
  });
  private readonly viewport = new Viewport(
    () => this.canvas,
    () => {
      this.requestUpdate();
      this.requestDraw();
    },
  );
  private readonly gestures = new DrawingGestures({
    isDrawingLine: () => this.tab === "profile",
    placeAt: (x, y) => this.viewport.placeAt(x, y),
    shift: (dx, dy) => {
      this.viewport.shift(dx, dy);
    },
    zoom: (factor, x, y) => {
      this.viewport.zoom(factor, x, y);
    },
    drawLine: (begin, end) => {
      this.profiling.draw({ begin, end });
    },
  });

  /** The frame that all lengths, and what is said of their error, are of. */
  get frame(): WorldFrame | null {
    return this.snapshot && frameOf(this.snapshot, this.project);
  }

  /** Metres in a world unit; null while they are not known. */
  get metresPerUnit(): number | null {
    return this.frame?.metres_per_unit ?? null;
  }

  get hasFilm(): boolean {
    return placedCameras(this.snapshot?.cameras ?? []).length > 1;
  }

  /** The sheet of what the box holds, seen from this side; null when it is too large. */
  get sheet(): Sheet | null {
    const { sizeM } = this;
    return sizeM && sheetOf(sizeM, this.scale, TILE_PX, mostPixels());
  }

  /** The largest scale at which the sheet is not too large; null: there is none. */
  get fittingScale(): Scale | null {
    const { sizeM } = this;
    return sizeM && fittingScale(sizeM, mostPixels());
  }

  private get sizeM(): readonly [number, number] | null {
    const { metresPerUnit, seen } = this;
    if (!seen || metresPerUnit === null) return null;
    const { high, low } = seen.box;
    return [metresPerUnit * (high[0] - low[0]), metresPerUnit * (high[1] - low[1])];
  }

  override render(): TemplateResult {
    return html`<dialog aria-label=${v("title")} data-testid="documentation" @close=${this.closed} @keydown=${stopped}>
      <div class="room">
        <div class="drawing">
          <canvas
            class=${this.tab === "profile" ? "line" : ""}
            tabindex="0"
            role="application"
            aria-label=${v("canvas")}
            data-testid="drawing"
            @pointerdown=${this.gestures.grasped}
            @pointermove=${this.gestures.dragged}
            @pointerup=${this.gestures.released}
            @pointercancel=${this.gestures.released}
            @wheel=${this.gestures.wheeled}
            @keydown=${this.gestures.pressed}
            @webglcontextrestored=${this.requestDraw}
          ></canvas>
          ${this.trouble === null ? this.over() : nothing}
        </div>
        <div class="tools">${head(this.close)} ${this.content()}</div>
      </div>
    </dialog>`;
  }

  /** Change what is clipped. */
  cut(cutting: Cutting): void {
    this.cutting = cutting;
    this.profiling.cut();
  }

  /** Show everything in the box. */
  fit(): void {
    const { seen } = this;
    if (seen) this.viewport.fit(seen.box);
  }

  /** Draw the chosen earlier version beside the present one. */
  private readonly compare = (): void => {
    this.drawing?.compare(this.tab === "versions" ? (this.earlier?.begin() ?? null) : null);
    this.requestUpdate();
    this.requestDraw();
  };

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.redrawing.end();
    this.resizing.disconnect();
    this.profiling.forget();
    this.saving.forget();
    this.earlier?.forget();
    this.drawing?.dispose();
    this.drawing = null;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
    this.snapshot = this.stage && snapshotOf(this.project, this.stage);
    const { snapshot } = this;
    if (!snapshot) {
      this.trouble = this.stage?.stage ? "trouble.points" : "trouble.graphics";
      return;
    }
    try {
      this.drawing = new Drawing(this.canvas, snapshot.clouds);
    } catch {
      this.trouble = "trouble.graphics"; // WebGL was switched off meanwhile, or too many drawings are open
      return;
    }
    this.cutting = uncut(snapshot.whole);
    this.profiling.begin(snapshot);
    this.earlier = new Earlier(snapshot, this.source, this.compare);
    this.resize();
    this.fit();
    this.resizing.observe(this.canvas);
  }

  protected override updated(changed: PropertyValues<this>): void {
    const drawn = ["direction", "cutting", "border"];
    if (drawn.some((name) => changed.has(name as keyof Documentation))) this.requestDraw();
  }

  /** What is seen from this side; null while there is nothing. */
  get seen(): (Pick<DrawnView, "axes" | "clip"> & { readonly box: DrawnView["clip"]["box"] }) | null {
    const { cutting, direction, snapshot } = this;
    if (!snapshot || !cutting) return null;
    const axes = viewAxes(snapshot.facade.axes, direction);
    const clip = { axes: snapshot.facade.axes, box: shownBox(cutting, direction) };
    return { axes, clip, box: turnedBox(clip.box, clip.axes, axes) };
  }

  readonly requestDraw = (): void => {
    this.redrawing.request(this.stage?.isSoftware === true);
  };

  private draw(mostPoints: number): void {
    const { seen, viewport } = this;
    const { middle, unitsPerPx } = viewport;
    if (!seen || this.saving.progress !== null) return;
    this.drawing?.draw({ ...seen, middle, unitsPerPx }, mostPoints, this.tab === "versions" ? this.border : null);
    this.dataset["drawn"] = mostPoints === Infinity ? "whole" : "part";
  }

  private resize(): void {
    const { clientHeight, clientWidth } = this.canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.drawing?.resize(clientWidth, clientHeight, Math.min(devicePixelRatio, 2));
    this.requestUpdate(); // what lies over the drawing has other places now
    this.requestDraw();
  }

  /** Open another tab. */
  open(tab: Tab): void {
    [this.tab, this.saving.failure] = [tab, null];
    this.profiling.cut();
    this.compare();
  }

  /** Look from another side. */
  turnTo(direction: Direction): void {
    this.direction = direction;
    this.profiling.clear();
    this.fit();
  }

  /** The tools, or what is wrong where nothing can be drawn. */
  private content(): TemplateResult {
    const { tab, trouble } = this;
    if (trouble !== null)
      return html`<div class="content"><p class="bad" role="alert" data-testid="views-trouble">${v(trouble)}</p></div>`;
    const onOpen = (each: Tab): void => {
      this.open(each);
    };
    return html`${tabList({ label: v("tabs"), tabs: TABS, open: tab, words: (each) => v(`tab.${each}`), onOpen })}
      <div class="content" id=${TAB_PANEL} role="tabpanel" tabindex="0" aria-labelledby="tab-${tab}">
        ${PANELS[tab](this)}
      </div>`;
  }

  /** What lies over the drawing. */
  private over(): TemplateResult {
    const { border, direction, metresPerUnit, tab, viewport } = this;
    return overDrawing({
      direction,
      line: tab === "profile" ? this.profiling.line : null,
      border: tab === "versions" && this.earlier?.drawn ? border : null,
      metresPerPx: metresPerUnit === null ? null : metresPerUnit * viewport.unitsPerPx,
      place: viewport.pixelOf,
      onDirection: (each) => {
        this.turnTo(each);
      },
      onWhole: () => {
        this.fit();
      },
      onBorder: (each) => {
        this.border = each;
      },
    });
  }

  readonly close = (): void => {
    this.dialog.close();
  };

  private readonly closed = (): void => {
    this.dispatchEvent(new CustomEvent("done"));
  };
}

/** The keys of the page's tools are not meant. */
function stopped(event: KeyboardEvent): void {
  event.stopPropagation();
}

function head(onClose: () => void): TemplateResult {
  return html`<div class="head">
    <h2>${v("title")}</h2>
    <button class="plain" data-testid="close-views" aria-label=${v("close")} title=${v("close")} @click=${onClose}>
      ${closeIcon}
    </button>
  </div>`;
}
