/** How does the object get onto the page? `<cairn-stage>`: a canvas with gestures, measuring and an overlay. */
import type { PropertyValues, TemplateResult } from "lit";
import { html } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { Camera, PickDetail } from "../../elements-types";
import type { Insets } from "../../render/insets";
import type { Tints } from "../../render/camera-overlay";
import { Stage } from "../../render/stage";
import type { Side } from "../../render/view";
import type { MeasuredCloud } from "../../scene/spacing";
import { plain } from "../../scene/spacing";
import type { Vector } from "../../scene/framing";
import type { SceneState } from "../../scene/reference";
import { minus, plus } from "../../scene/scale";
import { chained, inverse } from "../../scene/similarity";
import type { ProjectState } from "../../scene/state";
import type { WantedShard } from "../../scene/wanted";
import type { Viewpoint } from "../../wire/address";
import type { CameraEntry } from "../../wire/contract";
import { encodePly } from "../../wire/clouds/ply";
import { isPhone } from "../device";
import { Gestures } from "./gestures";
import { Measuring } from "../overlay/measuring";
import { Newest, placeOfMark, pulse, pulseStyles } from "../overlay/pulse";
import type { StageLayer } from "./stage-overlay";
import { frameOf, hasOverlay, overlayLines, ruler } from "./stage-overlay";
import { stageStyles } from "./stage-styles";
import { StageSync } from "./stage-sync";
import type { DeviceFigures } from "../panels/statistics";
import type { Theme } from "../theme";
import { sharedParts } from "../theme";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

/** The reason why nothing can be drawn. */
export type GraphicsTrouble = "no_webgl" | "context_lost";

const ORIGIN: Vector = [0, 0, 0];

@customElement("cairn-stage")
export class StageElement extends LocalizedElement {
  static override readonly styles = [sharedParts, pulseStyles, stageStyles];

  @property({ attribute: false }) project: ProjectState | null = null;
  @property({ attribute: false }) insets!: Insets;
  @property({ attribute: false }) isMeasuring = false;
  @property({ attribute: false }) layer: StageLayer | null = null;
  @property({ attribute: false }) hasCameras = true;
  /** Image ids: the camera that is drawn larger, and the camera that shows its photograph. */
  @property({ attribute: false }) selected: string | null = null;
  @property({ attribute: false }) shown: string | null = null;
  /** The JPEG of the shown image; null until it is loaded. */
  @property({ attribute: false }) photo: Uint8Array<ArrayBuffer> | null = null;
  /** How much of the photograph lies over the object; null: it hangs on its camera. */
  @property({ attribute: false }) laidOver: number | null = null;
  /** The view to begin with; null: the whole object. */
  @property({ attribute: false }) viewpoint: Viewpoint | null = null;
  /** The theme, which sets the colours of the cameras. */
  @property({ attribute: false }) theme: Theme = "dark";

  /** The cost of the last frame. */
  figures: DeviceFigures = { frameMs: 0, drawCalls: 0, pointsDrawn: 0, frames: 0 };

  @query("canvas") private readonly canvas!: HTMLCanvasElement;

  /** Whether the browser took the graphics away: it paints such a canvas white. */
  @state() private isLost = false;
  readonly measuring = new Measuring();
  private readonly newest = new Newest(() => {
    this.requestUpdate();
  });
  /** Whether nothing can be drawn, so that a retry is useless. */
  private isBlind = false;
  /** The three.js stage. Not private, because the gestures read it. */
  stage: Stage | null = null;
  sync: StageSync | null = null;
  private readonly gestures = new Gestures(this, {
    onHold: () => {
      this.held();
    },
    onGo: (point) => {
      this.newest.mark(point);
    },
    onPoint: (camera) => {
      this.tell("point", camera);
      this.requestUpdate();
    },
    onTap: (camera, at) => {
      this.tell("camera", camera);
      const point = camera ? null : (this.stage?.pickPoint(...at) ?? null);
      if (camera || point)
        this.tell("pick", { point: point && plus(point, this.offset), imageId: camera?.image_id ?? null });
    },
    onMeasure: (point) => {
      if (this.layer?.isTapped) this.layer.tap(point);
      else this.measuring.add(point);
      this.requestUpdate();
      this.tell("measured", null);
    },
  });
  private tints: Tints = { camera: "#fff", newest: "#fff", further: "#fff" };

  /** The points on screen when nothing moves. */
  get pointCount(): number {
    return this.stage?.pointCount ?? 0;
  }

  /** Whether a tap is a point that is measured. */
  get isPicking(): boolean {
    return this.isMeasuring || this.layer?.isTapped === true;
  }

  /** Whether rendering is in software. */
  get isSoftware(): boolean {
    return this.stage?.isSoftware === true;
  }

  add(shard: WantedShard, measured: MeasuredCloud): void {
    this.stage?.add(shard, measured);
  }

  /** The ends of the measured distance, in world coordinates; null until there are two. */
  get measured(): { readonly begin: Vector; readonly end: Vector } | null {
    const [begin, end] = this.measuring.points;
    return begin && end && frameOf(this.project)
      ? { begin: plus(begin, this.offset), end: plus(end, this.offset) }
      : null;
  }

  /** From where the object is seen; null before there is one. */
  get viewpointNow(): Viewpoint | null {
    return this.project?.scene.shown ? (this.stage?.framer.viewpoint ?? null) : null;
  }

  /** The same in the coordinates of the points, as other pages know them. */
  get cameraNow(): Camera | null {
    return this.viewpointNow && moved(this.viewpointNow, this.offset);
  }

  standAt(camera: Camera): void {
    this.sync?.hold();
    this.stage?.framer.standAt(moved(camera, minus(ORIGIN, this.offset)));
  }

  /** Show the whole object. */
  fit(): void {
    if (this.project) this.sync?.fit(this.project);
  }

  /** Show the whole object from one side. */
  lookFrom(side: Side): void {
    if (this.project) this.sync?.lookFrom(side, this.project);
  }

  /** Fly to where a photograph was taken. */
  visit(imageId: string): void {
    this.sync?.hold();
    this.stage?.flyToCamera(imageId);
  }

  /** The place of an image's camera on the canvas, in CSS pixels; null when it is not placed or behind the viewer. */
  placeOf(imageId: string): readonly [number, number] | null {
    return this.stage?.projectCamera(imageId) ?? null;
  }

  /** Draw the canvas and return it as PNG. */
  capture(enlargement = 1): Promise<Blob | null> {
    return this.stage?.capture(enlargement) ?? Promise.resolve(null);
  }

  /** The shown points of the leading component as one PLY file. */
  cloud(): Blob {
    const clouds = (this.stage?.clouds.spacedClouds ?? []).map(({ measured }) => plain(measured));
    const parts = encodePly(clouds, this.project?.scene.shown?.manifest);
    return new Blob(parts, { type: "application/octet-stream" });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.newest.dispose();
    this.stage?.dispose();
    this.stage = null;
  }

  override render(): TemplateResult {
    return html`<canvas
        class=${this.isLost ? "lost" : this.isPicking ? "measuring" : this.gestures.pointedAt ? "pointing" : ""}
        tabindex="0"
        role="application"
        aria-label=${t("canvas")}
        data-testid="canvas"
        @keydown=${this.gestures.pressed}
        @focus=${this.gestures.focused}
        @blur=${this.gestures.focused}
        @pointerdown=${this.gestures.touched}
        @pointermove=${this.gestures.pointed}
        @pointerleave=${this.gestures.pointed}
        @pointerup=${this.gestures.tapped}
        @wheel=${this.held}
      ></canvas>
      ${pulse(placeOfMark(this.newest.marked, this))}
      <svg aria-hidden="true">${overlayLines(this)}</svg>
      ${ruler(this.stage, frameOf(this.project))}`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("isMeasuring")) this.measuring.clear();
    if (changed.has("project")) this.carry(changed.get("project")?.scene, this.project?.scene);
    if (changed.has("project") && this.project) this.newest.follow(this.project.images);
  }

  protected override updated(changed: PropertyValues<this>): void {
    const isFresh = !this.stage;
    if (this.isConnected) this.stage ??= this.createStage();
    if (!this.stage) return;
    if (isFresh || changed.has("theme")) this.tints = tintsOf(this);
    if (isFresh || changed.has("hasCameras")) this.stage.overlay.show(this.hasCameras);
    if (isFresh || changed.has("photo") || changed.has("shown")) void this.setPhoto(this.photo);
    if (isFresh || changed.has("laidOver") || changed.has("selected")) this.stage.layOver(this.laidOver, this.selected);
    this.stage.inset(this.insets);
    const { selected, shown, tints } = this;
    if (this.project) this.sync?.sync(this.project, { tints, selected, shown });
    else this.stage.show([], new Set());
    // Last, because another project ends the view that was asked for the one before.
    if (changed.has("viewpoint")) this.sync?.beginAt(this.viewpoint);
  }

  private createStage(): Stage | null {
    if (this.isBlind) return null;
    try {
      const stage = new Stage({
        canvas: this.canvas,
        hasEyeDome: !isPhone(),
        maxPixelRatio: isPhone() ? 2 : 1.5,
        onContext: (isLost) => {
          this.isLost = isLost;
          this.tell("graphics", isLost ? "context_lost" : null);
        },
        onRoom: () => {
          if (this.project) this.sync?.makeRoom(this.project);
        },
        onFrame: ({ drawCalls, points, scriptMs }) => {
          this.figures = { frameMs: scriptMs, drawCalls, pointsDrawn: points, frames: this.figures.frames + 1 };
          if (this.newest.marked || hasOverlay(this)) this.requestUpdate();
          this.tell("frame", null);
        },
      });
      this.sync = new StageSync(stage);
      if (this.viewpoint) this.sync.beginAt(this.viewpoint);
      return stage;
    } catch {
      this.isBlind = true;
      this.tell("graphics", "no_webgl");
      return null;
    }
  }

  /** Decode a photograph off the main thread. A late or damaged photograph is not shown. */
  private async setPhoto(photo: Uint8Array<ArrayBuffer> | null): Promise<void> {
    const decoded = photo && (await createImageBitmap(new Blob([photo])).catch(() => null));
    if (photo === this.photo && this.stage) this.stage.overlay.setPhoto(decoded);
    else decoded?.close();
  }

  private get offset(): Vector {
    return frameOf(this.project)?.offset ?? ORIGIN;
  }

  /** Move the measured points into the world of a new generation, so that they stay on the object. */
  private carry(before: SceneState | undefined, now: SceneState | undefined): void {
    if (before && now && before.shownFromFirst !== now.shownFromFirst)
      this.measuring.carry(chained(now.shownFromFirst, inverse(before.shownFromFirst)));
  }

  private readonly held = (): void => {
    this.sync?.hold();
  };

  private tell(
    name: "camera" | "pick" | "point" | "measured" | "graphics" | "frame",
    detail: CameraEntry | PickDetail | GraphicsTrouble | null,
  ): void {
    this.dispatchEvent(new CustomEvent(name, { detail, composed: name === "pick" })); // other pages hear of a pick
  }
}

function moved({ position, target }: Camera, shift: Vector): Camera {
  return { position: plus(position, shift), target: plus(target, shift) };
}

/** The colours of the cameras in the element's theme. */
function tintsOf(element: Element): Tints {
  const style = getComputedStyle(element);
  const tint = (name: string): string => style.getPropertyValue(name).trim();
  return { camera: tint("--camera"), newest: tint("--accent"), further: tint("--further") };
}
