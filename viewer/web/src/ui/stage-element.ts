/** The object itself: a canvas that can be turned by mouse, finger and keys, tapped and measured. */
import { RULER_LEFT_PX, narrow, px } from "./breakpoints";
import type { PropertyValues, TemplateResult } from "lit";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import type { Insets } from "../render/insets";
import type { Tints } from "../render/camera-overlay";
import { Stage } from "../render/stage";
import type { MeasuredCloud } from "../scene/spacing";
import type { Vector } from "../scene/framing";
import type { SceneState } from "../scene/reference";
import { plus, rulerOf, shownBar } from "../scene/scale";
import { chained, inverse } from "../scene/similarity";
import type { ProjectState } from "../scene/state";
import type { WantedShard } from "../scene/wanted";
import type { CameraEntry, WorldFrame } from "../wire/contract";
import { encodePly } from "../wire/ply";
import { isPhone } from "./device";
import { length } from "./format";
import { Measuring, drawBar } from "./measuring";
import { Newest, PULSE_MS, pulse, pulseStyles } from "./overlay/pulse";
import { StageSync } from "./stage-sync";
import type { DeviceFigures } from "./panels/statistics";
import type { Theme } from "./theme";
import { sharedParts } from "./theme";

/** Why nothing can be drawn. */
export type GraphicsTrouble = "no_webgl" | "context_lost";

const TAP_REACH_PX = 6;
const MOST_RULER_PX = 130;

@customElement("cairn-stage")
export class StageElement extends LitElement {
  static override readonly styles = [
    sharedParts,
    pulseStyles,
    css`
      :host,
      canvas,
      svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      canvas {
        touch-action: none;
        outline: none;
        cursor: grab;
      }
      canvas:active {
        cursor: grabbing;
      }
      canvas.pointing {
        cursor: pointer;
      }
      canvas.measuring {
        cursor: crosshair;
      }
      canvas:focus-visible {
        box-shadow: inset 0 0 0 3px var(--accent);
      }
      svg {
        pointer-events: none;
      }
      line {
        stroke: var(--accent);
        stroke-width: 2;
        stroke-linecap: round;
      }
      .bar line {
        stroke: var(--ink);
        stroke-width: 2.5;
      }
      .ruler {
        position: absolute;
        left: ${px(RULER_LEFT_PX)};
        bottom: 30px;
        padding-bottom: 5px;
        border: solid var(--ink-soft);
        border-width: 0 2px 2px;
        color: var(--ink);
        font-size: 0.84rem;
        text-align: center;
        white-space: nowrap;
        font-variant-numeric: tabular-nums;
        text-shadow:
          0 0 4px var(--ground),
          0 0 8px var(--ground);
        pointer-events: none;
      }
      @media ${narrow} {
        .ruler {
          left: 20px;
          bottom: 148px;
        }
      }
      circle {
        fill: var(--accent);
        stroke: var(--panel-solid);
        stroke-width: 2;
      }
      text {
        fill: var(--ink);
        font: 600 15px var(--sans);
        text-anchor: middle;
        paint-order: stroke;
        stroke: var(--ground);
        stroke-width: 5;
        stroke-linejoin: round;
      }
    `,
  ];

  @property({ attribute: false }) project: ProjectState | null = null;
  @property({ attribute: false }) insets!: Insets;
  @property({ attribute: false }) isMeasuring = false;
  @property({ attribute: false }) hasCameras = true;
  /** Image ids: the camera that is drawn larger, and the one that shows its photograph. */
  @property({ attribute: false }) selected: string | null = null;
  @property({ attribute: false }) shown: string | null = null;
  /** The JPEG of the image that is shown, once it is here. */
  @property({ attribute: false }) photo: Uint8Array<ArrayBuffer> | null = null;
  /** Colours follow the theme. */
  @property({ attribute: false }) theme: Theme = "dark";

  /** What the last frame took. */
  figures: DeviceFigures = { frameMs: 0, drawCalls: 0, pointsDrawn: 0, frames: 0 };

  @query("canvas") private readonly canvas!: HTMLCanvasElement;

  private readonly measuring = new Measuring();
  private readonly newest = new Newest();
  /** Nothing can be drawn, and trying again would not help. */
  private isBlind = false;
  private pulseTimer = 0;
  private pointedAt: string | null = null;
  private stage: Stage | null = null;
  private sync: StageSync | null = null;
  private tints: Tints = { camera: "#fff", newest: "#fff" };
  private tapAt: readonly [number, number] = [0, 0];

  /** Points on screen when nothing moves. */
  get pointCount(): number {
    return this.stage?.pointCount ?? 0;
  }

  /** Whether the processors draw. */
  get isSoftware(): boolean {
    return this.stage?.isSoftware === true;
  }

  add(shard: WantedShard, measured: MeasuredCloud): void {
    this.stage?.add(shard, measured);
  }

  /** The ends of what was measured, in the world's own coordinates; null until there are two. */
  get measured(): { readonly begin: Vector; readonly end: Vector } | null {
    const [begin, end] = this.measuring.points;
    return begin && end && this.frame
      ? { begin: plus(begin, this.frame.offset), end: plus(end, this.frame.offset) }
      : null;
  }

  get measuredCount(): number {
    return this.measuring.points.length;
  }

  /** In world units. */
  get distance(): number | null {
    return this.measuring.distance;
  }

  /** See the whole. */
  fit(): void {
    if (this.project) this.sync?.fit(this.project);
  }

  /** Stand where a photograph was taken. */
  visit(imageId: string): void {
    this.sync?.hold();
    this.stage?.flyToCamera(imageId);
  }

  /** Where an image's camera is on the canvas, in CSS pixels; null when it is not placed or behind. */
  placeOf(imageId: string): readonly [number, number] | null {
    return this.stage?.projectCamera(imageId) ?? null;
  }

  /** The canvas as PNG, drawn now. */
  capture(): Promise<Blob | null> {
    return this.stage?.capture() ?? Promise.resolve(null);
  }

  /** The points on screen as one PLY. */
  cloud(): Blob {
    return new Blob(encodePly(this.stage?.shownClouds ?? []), { type: "application/octet-stream" });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.pulseTimer);
    this.stage?.dispose();
    this.stage = null;
  }

  override render(): TemplateResult {
    return html`<canvas
        class=${this.isMeasuring ? "measuring" : this.pointedAt ? "pointing" : ""}
        tabindex="0"
        role="application"
        aria-label="The object. Arrow keys turn it, plus and minus come nearer and go away, F shows the whole."
        data-testid="canvas"
        @keydown=${this.pressed}
        @pointerdown=${this.touched}
        @pointermove=${this.pointed}
        @pointerleave=${this.pointed}
        @pointerup=${this.tapped}
        @wheel=${this.held}
      ></canvas>
      ${pulse(this.pulsePlace())}
      <svg aria-hidden="true">${this.lines()}</svg>
      ${this.ruler()}`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("isMeasuring")) this.measuring.clear();
    if (changed.has("project")) this.carry(changed.get("project")?.scene, this.project?.scene);
    if (changed.has("project") && this.project && this.newest.follow(this.project.images)) this.beginPulse();
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.stage ??= this.createStage();
    if (!this.stage) return;
    if (changed.has("theme")) this.readTints();
    if (changed.has("hasCameras")) this.stage.showCameras(this.hasCameras);
    if (changed.has("photo") || changed.has("shown")) void this.setPhoto(this.photo);
    this.stage.inset(this.insets);
    const { selected, shown, tints } = this;
    if (this.project) this.sync?.sync(this.project, { tints, selected, shown });
    else this.stage.show([], new Set());
  }

  private createStage(): Stage | null {
    if (this.isBlind || !hasWebGl2()) {
      if (!this.isBlind) this.tell("graphics", "no_webgl");
      this.isBlind = true;
      return null;
    }
    try {
      const stage = new Stage({
        canvas: this.canvas,
        hasEyeDome: !isPhone(),
        maxPixelRatio: isPhone() ? 2 : 1.5,
        onContext: (isLost) => {
          this.tell("graphics", isLost ? "context_lost" : null);
        },
        onFrame: ({ drawCalls, points, scriptMs }) => {
          this.figures = { frameMs: scriptMs, drawCalls, pointsDrawn: points, frames: this.figures.frames + 1 };
          if (this.hasOverlay) this.requestUpdate();
          this.tell("frame", null);
        },
      });
      this.sync = new StageSync(stage);
      this.readTints();
      return stage;
    } catch {
      this.isBlind = true;
      this.tell("graphics", "no_webgl");
      return null;
    }
  }

  /** Decodes off the main thread; a photograph that came too late, or is damaged, is not hung. */
  private async setPhoto(photo: Uint8Array<ArrayBuffer> | null): Promise<void> {
    const decoded = photo && (await createImageBitmap(new Blob([photo])).catch(() => null));
    if (photo === this.photo && this.stage) this.stage.setPhoto(decoded);
    else decoded?.close();
  }

  private beginPulse(): void {
    clearTimeout(this.pulseTimer);
    this.pulseTimer = window.setTimeout(() => {
      this.newest.imageId = null;
      this.requestUpdate();
    }, PULSE_MS);
  }

  private pulsePlace(): readonly [number, number] | null {
    return this.hasCameras && this.newest.imageId ? this.placeOf(this.newest.imageId) : null;
  }

  /** Whether something beside the canvas follows what is on it. */
  private get hasOverlay(): boolean {
    const { newest, project } = this;
    const isScaled = this.frame !== null && this.frame.metres_per_unit !== null;
    return this.measuring.points.length > 0 || newest.imageId !== null || isScaled || Boolean(project?.scaleBar);
  }

  private get frame(): WorldFrame | null {
    return this.project?.scene.shown?.manifest.frame ?? null;
  }

  /** What was measured stays on the object when another generation, whose world lies otherwise, takes the screen. */
  private carry(before: SceneState | undefined, now: SceneState | undefined): void {
    if (before && now && before.shownFromFirst !== now.shownFromFirst)
      this.measuring.carry(chained(now.shownFromFirst, inverse(before.shownFromFirst)));
  }

  private lines(): unknown {
    const { frame, project, stage } = this;
    if (!stage || !frame || !project) return nothing;
    const place = (point: Vector): readonly [number, number] | null => stage.project(point);
    const bar = shownBar(project.scaleBar, project.scene.shown);
    const measure = this.isMeasuring ? this.measuring.draw(place, frame.metres_per_unit, frame.offset) : nothing;
    return html`${bar ? drawBar(bar, place) : nothing}${measure}`;
  }

  private ruler(): TemplateResult | typeof nothing {
    const metres = this.frame?.metres_per_unit ?? null;
    const ruler = metres !== null && this.stage ? rulerOf(metres * this.stage.unitsPerPx, MOST_RULER_PX) : null;
    if (!ruler) return nothing;
    const words = length(ruler.metres, 1);
    return html`<div class="ruler" data-testid="ruler" .style=${`width:${ruler.widthPx}px`}>${words}</div>`;
  }

  private readonly held = (): void => {
    this.sync?.hold();
  };

  private readonly touched = (event: PointerEvent): void => {
    this.tapAt = [event.offsetX, event.offsetY];
  };

  /** What a mouse points at shows its photograph; a finger points at nothing before it taps. */
  private readonly pointed = (event: PointerEvent): void => {
    if (event.pointerType !== "mouse" || event.buttons !== 0) return;
    const isOver = event.type !== "pointerleave" && this.hasCameras && !this.isMeasuring;
    const camera = isOver ? (this.stage?.pickCamera(event.offsetX, event.offsetY) ?? null) : null;
    if ((camera?.image_id ?? null) === this.pointedAt) return;
    this.pointedAt = camera?.image_id ?? null;
    this.tell("point", camera);
    this.requestUpdate();
  };

  private readonly tapped = (event: PointerEvent): void => {
    const [x, y] = [event.offsetX, event.offsetY];
    if (Math.hypot(x - this.tapAt[0], y - this.tapAt[1]) > TAP_REACH_PX) {
      this.held();
      return;
    }
    if (this.isMeasuring) {
      const point = this.stage?.pickPoint(x, y);
      if (point) this.measuring.add(point);
      this.requestUpdate();
      this.tell("measured", null);
      return;
    }
    this.tell("camera", this.hasCameras ? (this.stage?.pickCamera(x, y) ?? null) : null);
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.stage?.press(event.key)) return;
    this.held();
    event.preventDefault();
  };

  private readTints(): void {
    const style = getComputedStyle(this);
    this.tints = {
      camera: style.getPropertyValue("--camera").trim(),
      newest: style.getPropertyValue("--accent").trim(),
    };
  }

  private tell(
    name: "camera" | "point" | "measured" | "graphics" | "frame",
    detail: CameraEntry | GraphicsTrouble | null,
  ): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Asked before three.js is, which would complain in the console; the context is given back at once. */
function hasWebGl2(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
