/** Which points are drawn, and how large? One draw call for each shard, with sizes from the point spacing. */
import { BufferAttribute, BufferGeometry, Box3, GLSL3, Group, Points, RawShaderMaterial, Sphere, Vector3 } from "three";

import type { Painter } from "../scene/painter";
import type { DrawnShard, MeasuredCloud, SpacedCloud } from "../scene/spacing";
import { spacings } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import { POINT_FRAGMENT, POINT_VERTEX } from "./shaders";

interface Entry {
  readonly points: Points<BufferGeometry, RawShaderMaterial>;
  readonly shard: WantedShard;
  readonly measured: MeasuredCloud;
  /** The drawn point size in world units; 0 before it is computed. */
  readonly spacing: { value: number };
  /** Whether the graphics card has the points. Only `markUploaded` changes it. */
  isUploaded: boolean;
}

/** The result of selecting what a frame draws. */
export interface Visible {
  /** Whether only new shards are drawn, onto the earlier ones. */
  readonly isAdded: boolean;
  /** The points visible when nothing moves, without those that wait for the next frame. */
  readonly pointCount: number;
  /** Whether some points wait for the next frame. */
  readonly isRestLeft: boolean;
}

/** Point size as a multiple of the spacing. A little overlap closes the gaps of an uneven surface. */
const OVERLAP = 2.1;
const ROUNDED_OVERLAP = 2.7; // rounded points hide each other at half their distance
const RESIZE_EVERY_MS = 200;
/** On slow graphics, sizes change after a time without arrivals, or after the longest wait. */
const QUIET_MS = 2000;
const LONGEST_WAIT_MS = 20_000;
const MINIMUM_SIZE_PX = 2;
const OUT_OF_SIGHT = 1e9;
const MAXIMUM_SIZE_PX = 22;
/** So few points are no surface yet: as large discs they would look like confetti. */
const SPARSE_POINTS = 12_000;
const MAXIMUM_SPARSE_SIZE_PX = 6;

/** The conditions of one frame. */
export interface FrameRequest {
  /** The most points to draw. Levels are additive, so fewer shards show the whole object coarser. */
  readonly pointBudget: number;
  /** Whether camera and world are unchanged since the last frame. */
  readonly isSameView: boolean;
  readonly nowMs: number;
  readonly lastArrivalMs: number;
  /** Whether redrawing takes long, so that drawn points wait for their new size. */
  readonly isPatient: boolean;
}

/**
 * The shards of the cloud in the three.js scene.
 *
 * States of a shard. A key that is added twice, or shown before it was added, is ignored.
 *
 *     add ──► known ──show──► shown ──givePart──► uploaded ──selectVisible──► drawn
 *               │               │                    │                          │
 *               └───────────────┴──── show without it (and not kept) ──► forgotten
 *
 * Call `add`, `show` and `givePart` in any order between two frames. Call `selectVisible` once for each frame.
 * It first computes the sizes that are due, so no shard is drawn without a size.
 * The arrays stay in memory, so that three.js can upload them again after a lost context.
 */
export class CloudGroup {
  readonly group = new Group();
  private readonly entries = new Map<string, Entry>();
  /** One point out of sight. Drawing it compiles the shaders before the first shard arrives. */
  private readonly seed: Points<BufferGeometry, RawShaderMaterial>;
  private shown: readonly Entry[] = [];
  /** The keys of the shards on the layer whose sizes and places are still valid. */
  private drawnKeys = new Set<string>();
  private isStale = false;
  /** Whether every shard of the last frame is still shown. Only `noteChange` changes it. */
  private isGrowing = true;
  private changedAtMs = -Infinity;
  private sizedAtMs = -Infinity;
  private readonly uniforms = {
    pixelsPerUnit: { value: 1 },
    minimumSize: { value: MINIMUM_SIZE_PX },
    maximumSize: { value: MAXIMUM_SIZE_PX },
    enlargement: { value: 1 },
  };
  private painter: Painter | null = null;
  private givenCount = 0; // points uploaded since the last frame

  /**
   * `isRounded`: draw points as paraboloids, so that neighbours meet in an edge. Not for weak graphics.
   * `upload`: copies points to the graphics card before they are drawn.
   */
  constructor(
    private readonly isRounded: boolean,
    private readonly upload: (points: readonly Points[]) => void,
  ) {
    const unseen = new BufferGeometry();
    unseen.setAttribute("position", new BufferAttribute(new Float32Array([OUT_OF_SIGHT, 0, 0]), 3));
    unseen.setAttribute("tintAndSize", new BufferAttribute(new Uint8Array(4), 4, true));
    this.seed = new Points(unseen, materialOf(isRounded, { ...this.uniforms, spacing: { value: 1 } }));
    this.seed.frustumCulled = false;
    this.group.add(this.seed);
  }

  /** Whether sizes are still to be computed at a later frame. */
  get isUnsettled(): boolean {
    return this.isStale;
  }

  /** Whether shown points are not uploaded yet. */
  get isWaiting(): boolean {
    return this.shown.some(({ isUploaded }) => !isUploaded);
  }

  /** The points that are drawn when nothing moves. */
  get pointCount(): number {
    return this.shown.reduce((sum, { measured }) => sum + measured.count, 0);
  }

  /** The positions of the leading component's shown shards: nothing is measured on another one, which has no scale. */
  get measurablePoints(): readonly Float32Array[] {
    const leading = this.shown.filter(({ shard }) => shard.entry.component === 0);
    return leading.map(({ measured }) => measured.pointsInWorld);
  }

  /** The positions of the shown shards, coarsest first, for framing. */
  get shownPoints(): readonly Float32Array[] {
    return this.shown.map(({ measured }) => measured.pointsInWorld);
  }

  /** The leading component's shown shards, coarsest first, with the distance of neighbours in world units. */
  get spacedClouds(): readonly SpacedCloud[] {
    return spaced(this.shown.filter(({ shard }) => shard.entry.component === 0));
  }

  /** Add a hidden shard, which `show` makes visible. `isGivenNow`: upload it at once. */
  add(shard: WantedShard, measured: MeasuredCloud, isGivenNow: boolean): void {
    if (this.entries.has(shard.key)) return;
    const spacing = { value: 0 };
    const points = new Points(geometryOf(measured, shard), materialOf(this.isRounded, { ...this.uniforms, spacing }));
    points.matrixAutoUpdate = false;
    points.visible = false;
    const entry = { points, shard, measured, spacing, isUploaded: false };
    this.entries.set(shard.key, entry);
    this.group.add(points);
    if (this.painter) tint(entry, this.painter);
    if (isGivenNow) this.give([entry]);
  }

  /** Colour all points by a function; null: as photographed. */
  paint(painter: Painter | null): void {
    this.painter = painter;
    for (const entry of this.entries.values()) tint(entry, painter);
    this.drawnKeys.clear();
  }

  /**
   * Upload a part of the missing points before a frame, the most important shards first.
   *
   * Both limits are numbers of points. The limit of a frame does not apply when shards replace others.
   * Returns whether another part must follow before the frame.
   */
  givePart(mostOfPart: number, mostOfFrame: number): boolean {
    const part: Entry[] = [];
    let count = 0;
    for (const entry of this.shown) {
      if (entry.isUploaded) continue;
      if (count >= mostOfPart || (this.isGrowing && this.givenCount >= mostOfFrame)) break;
      part.push(entry);
      count += entry.measured.count;
      this.givenCount += entry.measured.count;
    }
    this.give(part);
    const isFull = this.isGrowing && this.givenCount >= mostOfFrame;
    return !isFull && this.isWaiting;
  }

  /**
   * Show exactly these shards in the next frame, the most important first. Drop those in neither `keys` nor `keep`.
   *
   * Returns whether that changes the picture.
   */
  show(keys: readonly string[], keep: ReadonlySet<string>): boolean {
    const before = this.shown;
    this.shown = keys.flatMap((key) => this.entries.get(key) ?? []);
    const shown = new Set(keys);
    for (const key of this.entries.keys()) if (!shown.has(key) && !keep.has(key)) this.forget(key);
    const isSame = before.length === this.shown.length && before.every((entry, index) => entry === this.shown[index]);
    if (isSame) return false;
    if (!before.every(({ shard }) => shown.has(shard.key))) this.noteChange("replaced");
    if (!this.isStale) this.changedAtMs = performance.now();
    this.isStale = true;
    return true;
  }

  /**
   * Select the shards that a frame draws.
   *
   * With an unchanged view, only new shards are drawn onto the earlier ones.
   * Points that are not uploaded wait for a later frame, so that a hundred shards at once do not stall the page.
   * Shards that replace others do not wait.
   */
  selectVisible(request: FrameRequest): Visible {
    this.settle(request);
    const { chosen, waitingCount } = this.choose(request.pointBudget);
    this.enlarge(request.pointBudget < this.pointCount ? chosen : this.shown);
    this.beginFrame(chosen);
    const drawn = new Set(chosen.map(({ shard }) => shard.key));
    const isAdded = request.isSameView && this.drawnKeys.size > 0 && [...this.drawnKeys].every((key) => drawn.has(key));
    for (const [key, { points }] of this.entries)
      points.visible = drawn.has(key) && !(isAdded && this.drawnKeys.has(key));
    this.seed.visible = this.entries.size === 0;
    this.drawnKeys = drawn;
    return { isAdded, pointCount: this.pointCount - waitingCount, isRestLeft: waitingCount > 0 };
  }

  /** Forget what is drawn, after a resize or a lost context. */
  clear(): void {
    this.drawnKeys.clear();
  }

  /** Set the scale of points. `pixelsPerUnit`: pixels of one world unit at distance 1. */
  measure(pixelsPerUnit: number, pixelRatio: number): void {
    this.uniforms.pixelsPerUnit.value = pixelsPerUnit;
    this.uniforms.minimumSize.value = MINIMUM_SIZE_PX * pixelRatio;
    const isSparse = this.pointCount < SPARSE_POINTS;
    this.uniforms.maximumSize.value = (isSparse ? MAXIMUM_SPARSE_SIZE_PX : MAXIMUM_SIZE_PX) * pixelRatio;
  }

  dispose(): void {
    for (const key of this.entries.keys()) this.forget(key);
    this.seed.geometry.dispose();
    this.seed.material.dispose();
  }

  /** Choose the most important shards within the budget, and count their points that are not uploaded. */
  private choose(pointBudget: number): { readonly chosen: readonly Entry[]; readonly waitingCount: number } {
    const chosen: Entry[] = [];
    let [sum, waitingCount] = [0, 0];
    for (const entry of this.shown) {
      const { count } = entry.measured;
      sum += count;
      if (sum > pointBudget && sum !== count) break;
      if (!entry.isUploaded && this.isGrowing) waitingCount += count;
      else chosen.push(entry);
    }
    return { chosen, waitingCount };
  }

  /** Draw points so much larger that these few close the surface as all do. */
  private enlarge(drawn: readonly Entry[]): void {
    const drawnCount = drawn.reduce((sum, { measured }) => sum + measured.count, 0);
    const enlargement = Math.sqrt(this.pointCount / Math.max(1, drawnCount));
    if (enlargement !== this.uniforms.enlargement.value) this.drawnKeys.clear();
    this.uniforms.enlargement.value = enlargement;
  }

  /** Begin a frame. Drawing uploads the chosen shards; the count of new points restarts at 0. */
  private beginFrame(chosen: readonly Entry[]): void {
    this.markUploaded(chosen);
    this.noteChange("drawn");
    this.givenCount = 0;
  }

  /** Record what happened to the shown set. Only this method changes `isGrowing`. */
  private noteChange(change: "drawn" | "replaced"): void {
    this.isGrowing = change === "drawn";
  }

  /** Record that the graphics card has these shards. Only this method changes `isUploaded`. */
  private markUploaded(entries: readonly Entry[]): void {
    for (const entry of entries) entry.isUploaded = true;
  }

  /** Compute the point sizes that close the surface. Not at every arrival, because sizes depend on all shards. */
  private settle({ isPatient, lastArrivalMs, nowMs }: FrameRequest): void {
    if (!this.isStale) return;
    const isDue = isPatient
      ? nowMs - lastArrivalMs > QUIET_MS || nowMs - this.changedAtMs > LONGEST_WAIT_MS
      : nowMs - this.sizedAtMs > RESIZE_EVERY_MS;
    if (isDue) {
      this.isStale = false;
      this.sizedAtMs = nowMs;
      this.drawnKeys.clear();
    }
    this.resize(isDue);
  }

  private give(part: readonly Entry[]): void {
    if (part.length > 0) this.upload(part.map(({ points }) => points));
    this.markUploaded(part);
  }

  /** Compute the sizes of all shards, or only of those without a size. */
  private resize(isForAll: boolean): void {
    const asked = isForAll ? this.shown : this.shown.filter(({ spacing }) => spacing.value === 0);
    if (asked.length === 0) return;
    const sizes = spacings(this.shown.map(drawnShard), asked.map(drawnShard));
    const overlap = this.isRounded ? ROUNDED_OVERLAP : OVERLAP;
    for (const { shard, spacing } of asked) spacing.value = overlap * (sizes.get(shard.key) ?? 1);
  }

  private forget(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.group.remove(entry.points);
    entry.points.geometry.dispose();
    entry.points.material.dispose();
  }
}

/** A shard with the distance of neighbouring points in world units. */
function spaced(entries: readonly Entry[]): readonly SpacedCloud[] {
  const distances = spacings(entries.map(drawnShard));
  return entries.map(({ measured, shard }) => ({ measured, spacing: distances.get(shard.key) ?? 1 }));
}

function drawnShard({ measured, shard: { entry, key } }: Entry): DrawnShard {
  return { key, level: entry.level, bounds: entry.bounds, density: measured.density };
}

function materialOf(isRounded: boolean, uniforms: RawShaderMaterial["uniforms"]): RawShaderMaterial {
  return new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: POINT_VERTEX,
    fragmentShader: POINT_FRAGMENT,
    defines: isRounded ? { ROUNDED: "" } : {},
    uniforms,
  });
}

/** Colour the points of a shard by a function; null: as photographed. */
function tint({ measured, points, shard }: Entry, painter: Painter | null): void {
  const attribute = points.geometry.getAttribute("tintAndSize") as BufferAttribute;
  attribute.array = painter ? painter(shard, measured) : measured.tintsAndSizes;
  attribute.needsUpdate = true;
}

function geometryOf(measured: MeasuredCloud, { entry }: WantedShard): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(measured.pointsInWorld, 3));
  geometry.setAttribute("tintAndSize", new BufferAttribute(measured.tintsAndSizes, 4, true));
  geometry.boundingBox = new Box3(new Vector3(...entry.bounds.minimum), new Vector3(...entry.bounds.maximum));
  geometry.boundingSphere = geometry.boundingBox.getBoundingSphere(new Sphere());
  return geometry;
}
