/** What is on the canvas? A three.js scene of points, cameras and a photograph; frame-loop.ts says when it is drawn. */
import { Matrix4, Quaternion, Scene, Vector3, WebGLRenderer } from "three";

import type { Vector } from "../scene/framing";
import { framingIn } from "../scene/framing";
import type { Painter } from "../scene/painter";
import type { MeasuredCloud } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import type { CameraEntry, Similarity } from "../wire/contract";
import type { CameraLook } from "./camera-overlay";
import { CameraOverlay } from "./camera-overlay";
import { CloudGroup } from "./cloud";
import { Effort } from "./effort";
import { Fence } from "./fence";
import { FrameLoop } from "./frame-loop";
import { Lens } from "./lens";
import { CloudLayer } from "./layer";
import { Framer } from "./framer";
import { Gauge } from "./gauge";
import { graphicsOf } from "./graphics";
import { Clearing, type Insets } from "./insets";
import { Navigation } from "./navigation";
import { View } from "./view";

export interface StageOptions {
  readonly canvas: HTMLCanvasElement;
  readonly hasEyeDome: boolean;
  readonly maxPixelRatio: number;
  readonly onContext: (isLost: boolean) => void;
  readonly onFrame: (frame: FrameFigures) => void;
  /** Called when the free part of the canvas has changed. */
  readonly onRoom?: () => void;
}

/** The cost of one frame. */
export interface FrameFigures {
  readonly scriptMs: number;
  readonly drawCalls: number;
  readonly points: number;
}

/** The most pixels of an enlarged image; each takes some 40 bytes of graphics memory. */
const MOST_PIXELS = 12e6;
const MOST_PIXELS_WEAK = 4e6;

/** The canvas with its camera, cloud and overlay. */
export class Stage {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  /** Cameras, photograph and lines over the cloud. */
  readonly overlay = new CameraOverlay(() => {
    this.loop.invalidate();
  });
  private readonly view = new View();
  private readonly cloud: CloudGroup;
  private readonly navigation: Navigation;
  /** What decides how the object is shown. */
  readonly framer: Framer;
  private readonly layer: CloudLayer;
  private readonly effort: Effort;
  private readonly fence: Fence;
  private readonly loop: FrameLoop;
  private readonly resizing: ResizeObserver;
  private readonly clearing = new Clearing();
  private readonly lens = new Lens(this.overlay, this.view, this.clearing);
  private readonly gauge = new Gauge(this.view, this.clearing);
  /** Whether the last frame drew every point, because nothing moved. */
  private isAtRest = false;
  private drawnPoints = 0;

  /** Throws where the browser has no WebGL 2. */
  constructor(private readonly options: StageOptions) {
    const { canvas, hasEyeDome } = options;
    const graphics = graphicsOf();
    if (graphics === "none") throw new Error("no WebGL 2"); // three.js would log it, too
    this.effort = new Effort(graphics === "software");
    this.renderer = createRenderer(canvas, this.isSoftware);
    this.fence = new Fence(this.renderer.getContext() as WebGL2RenderingContext); // three.js uses no other kind
    this.layer = new CloudLayer(hasEyeDome);
    this.cloud = new CloudGroup(hasEyeDome, (points) => {
      this.layer.upload(this.renderer, points);
    });
    this.view.world.add(this.cloud.group);
    this.scene.add(this.view.world);
    this.loop = this.createLoop();
    this.navigation = new Navigation(this.view.camera, canvas, this.loop.moved);
    this.navigation.isGliding = !this.isSoftware; // frames are too far apart to follow it
    this.framer = new Framer(this.view, this.navigation, this.clearing, this.isSoftware);
    this.resizing = new ResizeObserver(() => {
      this.resize();
    });
    this.resizing.observe(canvas);
    canvas.addEventListener("webglcontextlost", this.lost);
    canvas.addEventListener("webglcontextrestored", this.restored);
    this.layer.compile(this.renderer, this.scene, this.view.camera);
  }

  /** Whether rendering is in software, so that the page should use little processor time. */
  get isSoftware(): boolean {
    return this.effort.isSoftware;
  }

  /** The points of the last frame, or of its complete picture when something moved. */
  get pointCount(): number {
    return this.drawnPoints;
  }

  get shownPoints(): readonly Float32Array[] {
    return this.cloud.shownPoints;
  }

  get clouds(): Pick<CloudGroup, "spacedClouds"> {
    return this.cloud;
  }

  add(shard: WantedShard, measured: MeasuredCloud): void {
    this.cloud.add(shard, measured, !this.isSoftware);
  }

  /** Show exactly these shards, from one frame to the next. `isLoading`: others are still to come. */
  show(keys: readonly string[], keep: ReadonlySet<string>, isLoading = false): void {
    if (this.cloud.show(keys, keep)) this.loop.arrived(isLoading);
  }

  /** Rotate the world upright. */
  stand(up: Vector): void {
    if (!this.view.stand(up)) return;
    this.overlay.turn(this.view.world.quaternion);
    this.loop.invalidate();
  }

  /** Move the camera into the world of a new generation, so that the object stays in place on screen. */
  carry(similarity: Similarity, up: Vector): void {
    const before = this.view.world.matrixWorld.clone();
    this.gauge.forget();
    this.stand(up);
    this.navigation.carry(this.view.world.matrixWorld.clone().multiply(matrixOf(similarity)).multiply(before.invert()));
    this.framer.frame(framingIn(similarity, this.framer.framing));
  }

  /** World units in one CSS pixel at the object in the middle of the free part; null where there is nothing. */
  get unitsPerPx(): number | null {
    return this.gauge.unitsPerPx(this.cloud.measurablePoints, this.isAtRest, this.cloud.isUnsettled);
  }

  placeCameras(cameras: readonly CameraEntry[], look: CameraLook): void {
    this.overlay.place(cameras, this.framer.framing.radius, look);
  }

  /** Colour the points by a function; null: as photographed. */
  paint(painter: Painter | null): void {
    this.cloud.paint(painter);
    this.loop.invalidate();
  }

  /** Lay the photograph of this image over the object, whole in the free part of the canvas; null ends that. */
  layOver(opacity: number | null, imageId: string | null): void {
    this.lens.layOver(opacity, imageId);
  }

  /** Centre the object in the part of the canvas that panels leave free. */
  inset(insets: Insets): void {
    if (!this.clearing.set(insets)) return;
    this.loop.invalidate();
    this.options.onRoom?.();
  }

  /** Fly to where a photograph was taken. */
  flyToCamera(imageId: string): void {
    const placed = this.overlay.find(imageId);
    if (placed) this.framer.flyInto(placed.center, placed.worldFromCamera);
  }

  /** Pick the camera at a place on the canvas, in CSS pixels. */
  pickCamera(x: number, y: number): CameraEntry | null {
    return this.overlay.nearest(x, y, (center) => this.project(center));
  }

  pickPoint(x: number, y: number): Vector | null {
    return this.view.pick(this.cloud.measurablePoints, x, y);
  }

  /** Project a point of the world to the canvas, in CSS pixels; null behind the camera. */
  project(point: Vector3 | Vector): readonly [number, number] | null {
    return this.view.project(point);
  }

  /** Project a camera centre to the canvas, in CSS pixels; null when it is not placed or behind the viewer. */
  projectCamera(imageId: string): readonly [number, number] | null {
    const placed = this.overlay.find(imageId);
    return placed ? this.project(placed.center) : null;
  }

  press(...pressed: Parameters<Navigation["press"]>): boolean {
    return this.navigation.press(...pressed);
  }

  /**
   * Draw at once and return the canvas as PNG: its pixels are invalid after this task. Null without graphics memory.
   *
   * `enlargement`: so many times the pixels in each direction, unless the processor draws or that is too many.
   */
  capture(enlargement = 1): Promise<Blob | null> {
    if (this.renderer.getContext().isContextLost()) return Promise.resolve(null); // it would be blank
    const isLarger = enlargement > 1 && !this.isSoftware;
    this.cloud.givePart(Infinity, Infinity);
    if (isLarger) this.resize(enlargement);
    this.draw(Infinity);
    const image = imageOf(this.options.canvas);
    if (isLarger) this.resize();
    if (isLarger) this.draw(Infinity); // not blank until the next frame
    return image;
  }

  dispose(): void {
    this.loop.dispose();
    this.resizing.disconnect();
    this.options.canvas.removeEventListener("webglcontextlost", this.lost);
    this.options.canvas.removeEventListener("webglcontextrestored", this.restored);
    this.navigation.dispose();
    this.cloud.dispose();
    this.overlay.dispose();
    this.layer.dispose();
    this.renderer.dispose();
  }

  private readonly lost = (event: Event): void => {
    event.preventDefault(); // otherwise the browser never restores the context
    this.options.onContext(true);
  };

  private readonly restored = (): void => {
    this.options.onContext(false);
    this.fence.forget();
    this.cloud.clear();
    this.resize();
  };

  private createLoop(): FrameLoop {
    const { cloud, effort, fence } = this;
    return new FrameLoop({
      effort,
      fence,
      isWaiting: () => cloud.isWaiting,
      givePart: () => cloud.givePart(effort.mostOfPart, effort.mostOfFrame),
      isUnsettled: () => cloud.isUnsettled,
      pointCount: () => cloud.pointCount,
      advance: (nowMs) => {
        const isGliding = this.lens.glide();
        return this.navigation.advance(nowMs) || isGliding;
      },
      draw: (pointBudget) => {
        this.draw(pointBudget);
      },
    });
  }

  private draw(pointBudget: number): void {
    const beginMs = performance.now();
    this.isAtRest = pointBudget === Infinity;
    const { isPatient } = this.loop;
    this.view.fitDepth(this.framer.framing);
    this.cloud.measure(this.view.pixelsPerUnit(this.renderer.domElement.height), this.renderer.getPixelRatio());
    const visible = this.cloud.selectVisible({
      pointBudget,
      isSameView: this.view.isSame() && isPatient,
      nowMs: beginMs,
      lastArrivalMs: this.loop.lastArrivalMs,
      isPatient,
    });
    this.renderer.info.autoReset = false;
    this.renderer.info.reset();
    this.layer.render(this.renderer, this.scene, this.view.camera, visible.isAdded, visible.isRestLeft);
    this.overlay.render(this.renderer, this.view.camera);
    this.drawnPoints = visible.pointCount;
    const { calls, points } = this.renderer.info.render;
    this.loop.drawn(points, visible.isRestLeft);
    this.options.onFrame({ scriptMs: performance.now() - beginMs, drawCalls: calls, points });
  }

  private resize(enlargement = 1): void {
    const { clientHeight, clientWidth } = this.options.canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    const ratio = pixelRatio({ clientHeight, clientWidth }, this.options, enlargement);
    this.view.resize({ width: clientWidth, height: clientHeight });
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.cloud.clear();
    this.layer.resize(this.renderer.domElement.width, this.renderer.domElement.height, ratio);
    this.loop.moved();
    this.options.onRoom?.();
  }
}

/** The PNG of what was just drawn. The pixels are copied at once, so that the canvas may change. */
function imageOf(canvas: HTMLCanvasElement): Promise<Blob | null> {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });
}

/** Device pixels in a CSS pixel: those of the screen, or so many times as many, as far as the graphics can draw them. */
export function pixelRatio(
  { clientHeight, clientWidth }: Pick<HTMLCanvasElement, "clientHeight" | "clientWidth">,
  { hasEyeDome, maxPixelRatio }: Pick<StageOptions, "hasEyeDome" | "maxPixelRatio">,
  enlargement: number,
): number {
  const ratio = Math.min(devicePixelRatio, maxPixelRatio);
  const most = Math.sqrt((hasEyeDome ? MOST_PIXELS : MOST_PIXELS_WEAK) / (clientHeight * clientWidth));
  return Math.max(ratio, Math.min(enlargement * ratio, most));
}

/** `isSoftware`: without smooth edges of lines, which cost a processor half of a frame without points. */
function createRenderer(canvas: HTMLCanvasElement, isSoftware: boolean): WebGLRenderer {
  const look = { antialias: !isSoftware, alpha: true };
  const renderer = new WebGLRenderer({ canvas, ...look, powerPreference: "high-performance" });
  // Checking shader errors waits for the graphics process. The tests draw with every shader instead.
  renderer.debug.checkShaderErrors = import.meta.env.DEV;
  renderer.autoClear = false;
  renderer.setClearColor(0x000000, 0);
  return renderer;
}

/** Convert a similarity to a matrix of three.js. */
export function matrixOf({ rotation_wxyz: [w, x, y, z], scale, translation }: Similarity): Matrix4 {
  const rotation = new Quaternion(x, y, z, w).normalize();
  return new Matrix4().compose(new Vector3(...translation), rotation, new Vector3(scale, scale, scale));
}
