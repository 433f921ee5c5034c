/** What is on the canvas? Draws when something changed, and only then. */
import { Color, Group, Matrix4, PerspectiveCamera, Quaternion, Scene, Vector3, WebGLRenderer } from "three";

import type { Framing, Vector } from "../scene/framing";
import { framingIn } from "../scene/framing";
import type { MeasuredCloud } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import type { PointCloud } from "../wire/cloud";
import type { CameraEntry, Similarity } from "../wire/contract";
import { CloudGroup } from "./cloud";
import { Effort, isDrawnInSoftware } from "./effort";
import { Fence } from "./fence";
import { Frusta } from "./frusta";
import { CloudLayer } from "./layer";
import { Clearing, type Insets, type Size } from "./insets";
import { Navigation, type Pose } from "./navigation";
import { Photo } from "./photo";
import { pickPoint } from "./picking";

export interface StageOptions {
  readonly canvas: HTMLCanvasElement;
  readonly hasEyeDome: boolean;
  readonly maxPixelRatio: number;
  readonly onContext: (isLost: boolean) => void;
  readonly onFrame: (frame: FrameFigures) => void;
}

/** What one frame took. */
export interface FrameFigures {
  readonly scriptMs: number;
  readonly drawCalls: number;
  readonly points: number;
}

export interface Tints {
  readonly camera: string;
  readonly newest: string;
}

export interface CameraLook {
  readonly tints: Tints;
  /** Where the shards' origin stands in the world. */
  readonly offset: Vector;
  /** Image ids: the one that is drawn larger, and the one that shows its photograph. */
  readonly selected: string | null;
  readonly shown: string | null;
}

const FIELD_OF_VIEW_DEG = 45;
const FLY_IN_MS = 1800;
const FLY_MS = 900;
const SETTLE_MS = 160;
const PATIENT_SETTLE_MS = 2020;
const BUSY_MS = 5;
const UP_IN_STAGE = new Vector3(0, 1, 0);

/** Canvas, camera and everything that is drawn. */
export class Stage {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly overlay = new Scene();
  private readonly world = new Group();
  private readonly overlayWorld = new Group();
  private readonly camera = new PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, 0.1, 1000);
  private readonly cloud: CloudGroup;
  private readonly frusta = new Frusta();
  private readonly photo = new Photo();
  private readonly navigation: Navigation;
  private readonly layer: CloudLayer;
  private readonly effort: Effort;
  private readonly fence: Fence;
  private readonly resizing: ResizeObserver;
  /** The canvas in CSS pixels; asking it at every frame would force a layout. */
  private size: Size = { width: 1, height: 1 };
  private readonly clearing = new Clearing();
  private framing: Framing = { center: [0, 0, 0], radius: 1 };
  private hasFlownIn = false;
  private requested = 0;
  private pause = 0;
  /** Where everything stood when the layer was drawn last. */
  private standing: readonly number[] = [];
  private lastArrivalMs = -Infinity;
  private drawnPoints = 0;
  /** What the cameras were placed by. */
  private placedAs: readonly unknown[] = [];
  private lastFrameMs = 0;
  private lastFramePoints = 0;
  private lastMoveMs = -Infinity;
  private settleTimer = 0;

  constructor(private readonly options: StageOptions) {
    const { canvas, hasEyeDome } = options;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, powerPreference: "high-performance" });
    // Asking whether a shader compiled waits for the graphics process; the tests draw every one of them.
    this.renderer.debug.checkShaderErrors = import.meta.env.DEV;
    this.renderer.autoClear = false;
    this.renderer.setClearColor(0x000000, 0);
    const gl = this.renderer.getContext() as WebGL2RenderingContext; // three.js knows no other
    this.effort = new Effort(isDrawnInSoftware(gl));
    this.fence = new Fence(gl);
    this.layer = new CloudLayer(hasEyeDome);
    this.cloud = new CloudGroup(hasEyeDome, (points) => {
      this.layer.upload(this.renderer, points);
    });
    this.world.add(this.cloud.group);
    this.overlayWorld.add(this.photo.mesh, this.frusta.lines);
    this.scene.add(this.world);
    this.overlay.add(this.overlayWorld);
    this.navigation = new Navigation(this.camera, canvas, () => {
      this.moved();
    });
    this.resizing = new ResizeObserver(() => {
      this.resize();
    });
    this.resizing.observe(canvas);
    canvas.addEventListener("webglcontextlost", this.lost);
    canvas.addEventListener("webglcontextrestored", this.restored);
    this.layer.compile(this.renderer, this.scene, this.camera);
  }

  /** Whether the processors draw: then the page, too, should ask little of them. */
  get isSoftware(): boolean {
    return this.effort.isSoftware;
  }

  /** Points that the last frame showed, or would have shown had nothing moved. */
  get pointCount(): number {
    return this.drawnPoints;
  }

  get shownPoints(): readonly Float32Array[] {
    return this.cloud.shownPoints;
  }

  get shownClouds(): readonly PointCloud[] {
    return this.cloud.shownClouds;
  }

  add(shard: WantedShard, measured: MeasuredCloud): void {
    this.cloud.add(shard, measured, !this.isSoftware);
  }

  /** One frame shows exactly these shards. */
  show(keys: readonly string[], keep: ReadonlySet<string>): void {
    if (!this.cloud.show(keys, keep)) return;
    this.lastArrivalMs = performance.now();
    this.invalidate();
  }

  /** Turn the world upright. */
  stand(up: Vector): void {
    const turn = new Quaternion().setFromUnitVectors(new Vector3(...up), UP_IN_STAGE);
    if (turn.equals(this.world.quaternion)) return;
    for (const group of [this.world, this.overlayWorld]) {
      group.quaternion.copy(turn);
      group.updateMatrixWorld(true);
    }
    this.invalidate();
  }

  /** Another generation took the screen, whose world lies otherwise: the object stays where it is on screen. */
  carry(similarity: Similarity, up: Vector): void {
    const before = this.world.matrixWorld.clone();
    this.stand(up);
    this.navigation.carry(this.world.matrixWorld.clone().multiply(matrixOf(similarity)).multiply(before.invert()));
    this.framing = framingIn(similarity, this.framing);
    this.navigation.limit(this.framing.radius);
  }

  /** World units that one CSS pixel spans where the eye looks. */
  get unitsPerPx(): number {
    const distance = this.camera.position.distanceTo(this.navigation.target);
    return (2 * distance * Math.tan((FIELD_OF_VIEW_DEG * Math.PI) / 360)) / this.size.height;
  }

  placeCameras(cameras: readonly CameraEntry[], { offset, selected, shown, tints }: CameraLook): void {
    const look = { size: this.framing.radius * 0.06, offset, selected };
    const asked = [cameras, tints, shown, selected, look.size, ...offset];
    if (asked.every((each, index) => each === this.placedAs[index])) return;
    this.placedAs = asked;
    this.frusta.update(cameras, { ...look, color: new Color(tints.camera), newestColor: new Color(tints.newest) });
    this.photo.place(this.frusta.placed.find(({ entry }) => entry.image_id === shown) ?? null);
    this.invalidate();
  }

  /** The photograph of the camera that `placeCameras` was told to show; the stage owns the bitmap from now on. */
  setPhoto(bitmap: ImageBitmap | null): void {
    this.photo.setBitmap(bitmap);
    this.invalidate();
  }

  showCameras(isShown: boolean): void {
    this.overlayWorld.visible = isShown;
    this.invalidate();
  }

  /** Panels opened or closed: the object glides to the middle of what is left. */
  inset(insets: Insets): void {
    if (this.clearing.set(insets)) this.invalidate();
  }

  /** See the whole; the first time by a slow flight from afar, where frames are quick enough to enjoy it. */
  fit(framing: Framing, viewing: Vector | null): void {
    this.framing = framing;
    this.navigation.limit(framing.radius);
    const to = this.overview(framing, viewing);
    if (!this.hasFlownIn) {
      this.hasFlownIn = true;
      const away = to.position.clone().sub(to.target).applyAxisAngle(UP_IN_STAGE, 0.9).multiplyScalar(1.9);
      this.navigation.flyTo({ position: away.add(to.target), target: to.target }, 0);
      this.navigation.flyTo(to, this.effort.isSoftware ? 0 : FLY_IN_MS);
    } else {
      this.navigation.flyTo(to, FLY_MS);
    }
  }

  /** Stand where a photograph was taken. */
  flyToCamera(imageId: string): void {
    const placed = this.frusta.placed.find(({ entry }) => entry.image_id === imageId);
    if (!placed) return;
    const distance = this.framing.radius;
    const position = placed.center.clone().applyMatrix4(this.world.matrixWorld);
    const ahead = new Vector3(0, 0, distance).applyMatrix4(placed.worldFromCamera).applyMatrix4(this.world.matrixWorld);
    this.navigation.flyTo({ position, target: ahead }, FLY_MS);
  }

  /** The camera or the point under a place of the canvas, in CSS pixels. */
  pickCamera(x: number, y: number): CameraEntry | null {
    let best: CameraEntry | null = null;
    let least = 22;
    for (const { center, entry } of this.frusta.placed) {
      const screen = this.project(center);
      const distance = screen ? Math.hypot(screen[0] - x, screen[1] - y) : Infinity;
      if (distance < least) [best, least] = [entry, distance];
    }
    return best;
  }

  pickPoint(x: number, y: number): Vector | null {
    this.camera.updateMatrixWorld();
    const { height, width } = this.size;
    const clip = this.camera.projectionMatrix
      .clone()
      .multiply(this.camera.matrixWorldInverse)
      .multiply(this.world.matrixWorld);
    return pickPoint(this.cloud.shownPoints, clip.elements, { x, y, width, height });
  }

  /** Where a point of the world is on the canvas, in CSS pixels; null behind the camera. */
  project(point: Vector3 | Vector): readonly [number, number] | null {
    const { height, width } = this.size;
    const inWorld = point instanceof Vector3 ? point.clone() : new Vector3(...point);
    const screen = inWorld.applyMatrix4(this.world.matrixWorld).project(this.camera);
    return screen.z < -1 || screen.z > 1 ? null : [((screen.x + 1) / 2) * width, ((1 - screen.y) / 2) * height];
  }

  /** Where a camera's eye is on the canvas, in CSS pixels; null when it is not placed or behind. */
  projectCamera(imageId: string): readonly [number, number] | null {
    const placed = this.frusta.placed.find(({ entry }) => entry.image_id === imageId);
    return placed ? this.project(placed.center) : null;
  }

  press(key: string): boolean {
    return this.navigation.press(key);
  }

  /** Draw once, now, and hand out what is on the canvas as PNG; the pixels are gone after this task. */
  capture(): Promise<Blob | null> {
    this.cloud.givePart(Infinity, Infinity);
    this.draw(Infinity);
    return new Promise((resolve) => {
      this.options.canvas.toBlob(resolve, "image/png");
    });
  }

  invalidate(): void {
    this.requestIn(this.effort.pauseMs(performance.now(), this.lastFrameMs, this.lastFramePoints));
  }

  dispose(): void {
    cancelAnimationFrame(this.requested);
    clearTimeout(this.settleTimer);
    clearTimeout(this.pause);
    this.resizing.disconnect();
    this.options.canvas.removeEventListener("webglcontextlost", this.lost);
    this.options.canvas.removeEventListener("webglcontextrestored", this.restored);
    this.navigation.dispose();
    this.cloud.dispose();
    this.frusta.dispose();
    this.photo.dispose();
    this.layer.dispose();
    this.renderer.dispose();
  }

  private readonly lost = (event: Event): void => {
    event.preventDefault(); // or the browser would never give it back
    this.options.onContext(true);
  };

  private readonly restored = (): void => {
    this.options.onContext(false);
    this.fence.forget();
    this.cloud.clear();
    this.resize();
  };

  private requestIn(pauseMs: number): void {
    if (this.requested !== 0 || this.pause !== 0) return;
    if (pauseMs > 0 || this.cloud.isWaiting) this.pause = window.setTimeout(this.request, pauseMs);
    else this.request();
  }

  /** Draw as soon as the graphics have done enough of what they were given, and have what they are to draw next. */
  private readonly request = (): void => {
    const { mostOfFrame, mostOfPart } = this.effort;
    const isWaiting = !this.fence.isOpen || this.cloud.givePart(mostOfPart, mostOfFrame);
    this.pause = isWaiting ? window.setTimeout(this.request, BUSY_MS) : 0;
    if (isWaiting) return;
    this.requested = requestAnimationFrame((nowMs) => {
      this.frame(nowMs);
    });
  };

  private moved(): void {
    this.lastMoveMs = performance.now();
    this.invalidate();
  }

  private frame(nowMs: number): void {
    this.requested = 0;
    const isGliding = this.clearing.glide(this.camera, this.size);
    const isMoving = this.navigation.advance(nowMs) || isGliding;
    const isSettled = nowMs - this.lastMoveMs > SETTLE_MS;
    if (!isSettled) this.effort.learn(nowMs - this.lastFrameMs, this.cloud.pointCount);
    this.lastFrameMs = nowMs;
    this.draw(isSettled ? Infinity : this.effort.movingPoints);
    if (isMoving) this.moved();
    else if (!isSettled || this.cloud.isUnsettled) this.settleSoon();
  }

  private settleSoon(): void {
    clearTimeout(this.settleTimer);
    this.settleTimer = window.setTimeout(
      () => {
        this.invalidate();
      },
      (this.isPatient() ? PATIENT_SETTLE_MS : SETTLE_MS) + 10,
    );
  }

  private draw(pointBudget: number): void {
    const beginMs = performance.now();
    this.fitDepth();
    this.cloud.settle(beginMs, this.lastArrivalMs, this.isPatient());
    const visible = this.cloud.selectVisible(pointBudget, this.isSameView() && this.isPatient());
    this.renderer.info.autoReset = false;
    this.renderer.info.reset();
    this.layer.render(this.renderer, this.scene, this.camera, visible.isAdded, visible.isRestLeft);
    this.photo.fade(this.camera);
    this.renderer.render(this.overlay, this.camera);
    this.drawnPoints = visible.pointCount;
    const { calls, points } = this.renderer.info.render;
    this.lastFramePoints = points;
    if (this.isSoftware) this.fence.set();
    if (visible.isRestLeft) this.requestIn(0);
    this.options.onFrame({ scriptMs: performance.now() - beginMs, drawCalls: calls, points });
  }

  /** Whether drawing everything takes so long that new shards are rather added to what stands. */
  private isPatient(): boolean {
    return this.effort.isSlow(this.cloud.pointCount);
  }

  /** Whether everything stands where it stood at the last call. */
  private isSameView(): boolean {
    this.camera.updateMatrixWorld();
    const { camera, world } = this;
    const now = [...camera.matrixWorld.elements, ...camera.projectionMatrix.elements, ...world.matrixWorld.elements];
    const before = this.standing;
    this.standing = now;
    return now.every((value, index) => value === before[index]);
  }

  /** Near and far follow the distance, so that depth is fine enough for eye-dome lighting. */
  private fitDepth(): void {
    const { center, radius } = this.framing;
    const distance = this.camera.position.distanceTo(new Vector3(...center).applyMatrix4(this.world.matrixWorld));
    this.camera.near = Math.max(radius / 1000, (distance - 3 * radius) * 0.9);
    this.camera.far = distance + 12 * radius;
    this.camera.updateProjectionMatrix();
    const height = this.renderer.domElement.height;
    const pixelsPerUnit = height / (2 * Math.tan((FIELD_OF_VIEW_DEG * Math.PI) / 360));
    this.cloud.measure(pixelsPerUnit, this.renderer.getPixelRatio());
  }

  private resize(): void {
    const { clientHeight, clientWidth } = this.options.canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    const ratio = Math.min(devicePixelRatio, this.options.maxPixelRatio);
    this.size = { width: clientWidth, height: clientHeight };
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.cloud.clear();
    this.layer.resize(this.renderer.domElement.width, this.renderer.domElement.height, ratio);
    this.camera.aspect = clientWidth / clientHeight;
    this.lastMoveMs = performance.now();
    this.invalidate();
  }

  private overview({ center, radius }: Framing, viewing: Vector | null): Pose {
    const target = new Vector3(...center).applyMatrix4(this.world.matrixWorld);
    const toward = viewing
      ? new Vector3(...viewing).applyQuaternion(this.world.quaternion)
      : new Vector3(-0.55, -0.32, -0.8);
    toward.y = Math.min(-0.12, toward.y);
    const distance = radius / (Math.sin((FIELD_OF_VIEW_DEG * Math.PI) / 360) * this.clearing.share(this.size));
    return { target, position: target.clone().sub(toward.normalize().multiplyScalar(distance)) };
  }
}

/** A similarity as three.js has it. */
export function matrixOf({ rotation_wxyz: [w, x, y, z], scale, translation }: Similarity): Matrix4 {
  const rotation = new Quaternion(x, y, z, w).normalize();
  return new Matrix4().compose(new Vector3(...translation), rotation, new Vector3(scale, scale, scale));
}
