/** Which points are drawn, and how large? One draw call for each shard; arrays are kept, so a lost context comes back. */
import { BufferAttribute, BufferGeometry, Box3, GLSL3, Group, Points, RawShaderMaterial, Sphere, Vector3 } from "three";

import type { DrawnShard, MeasuredCloud } from "../scene/spacing";
import { plain, spacings } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import type { PointCloud } from "../wire/cloud";
import { POINT_FRAGMENT, POINT_VERTEX } from "./shaders";

interface Entry {
  readonly points: Points<BufferGeometry, RawShaderMaterial>;
  readonly shard: WantedShard;
  readonly measured: MeasuredCloud;
  /** 0 until it was settled. */
  readonly spacing: { value: number };
  /** Whether the graphics have it. */
  isUploaded: boolean;
}

/** What a frame draws. */
export interface Visible {
  /** Only what came since, onto what stands. */
  readonly isAdded: boolean;
  /** Points that are to be seen when nothing moves, but for those that wait for the next frame. */
  readonly pointCount: number;
  /** Whether some wait. */
  readonly isRestLeft: boolean;
}

/** A little over the neighbours' distance closes the gaps of an uneven surface. */
const OVERLAP = 2.1;
const ROUNDED_OVERLAP = 2.7; // rounded points meet half-way
const RESIZE_EVERY_MS = 200;
/** Where every point costs time, sizes wait until no shard came for a while, or for long enough. */
const QUIET_MS = 2000;
const LONGEST_WAIT_MS = 20_000;
const MINIMUM_SIZE_PX = 2;
const OUT_OF_SIGHT = 1e9;
const MAXIMUM_SIZE_PX = 22;

/** What a frame is asked to draw. */
export interface FrameRequest {
  /** Levels are additive, so the most important shards of this many points are the whole object, but coarser. */
  readonly pointBudget: number;
  /** Whether eye and world are where they were at the last frame. */
  readonly isSameView: boolean;
  readonly nowMs: number;
  readonly lastArrivalMs: number;
  /** Drawing everything again takes long, so that what is drawn already waits for its new size. */
  readonly isPatient: boolean;
}

/**
 * Everything that is drawn of the cloud.
 *
 * The life of a shard (a key that is added twice, or shown before it was added, is ignored):
 *
 *     add ──► known ──show──► shown ──givePart──► uploaded ──selectVisible──► drawn
 *               │               │                    │                          │
 *               └───────────────┴──── show without it (and not kept) ──► forgotten
 *
 * `add`, `show` and `givePart` may come in any order between two frames. A frame is one call of `selectVisible`,
 * which first computes the sizes that are due: no shard is drawn without a size.
 */
export class CloudGroup {
  readonly group = new Group();
  private readonly entries = new Map<string, Entry>();
  /** One point beyond everything: what it takes to draw points is ready before the first shard comes. */
  private readonly seed: Points<BufferGeometry, RawShaderMaterial>;
  private shown: readonly Entry[] = [];
  /** Keys of what stands on the layer, in the sizes and places that are still right. */
  private drawnKeys = new Set<string>();
  private isStale = false;
  /** Whether everything that was on screen stays there. */
  private isGrowing = true;
  private changedAtMs = -Infinity;
  private sizedAtMs = -Infinity;
  private readonly uniforms = {
    pixelsPerUnit: { value: 1 },
    minimumSize: { value: MINIMUM_SIZE_PX },
    maximumSize: { value: MAXIMUM_SIZE_PX },
  };

  /** Points that the graphics were given since the last frame. */
  private givenCount = 0;

  /**
   * `isRounded`: points bulge towards the eye, so that near ones meet in an edge; not for weak graphics.
   * `upload` gives points to the graphics, which they are drawn from later.
   */
  constructor(
    private readonly isRounded: boolean,
    private readonly upload: (points: readonly Points[]) => void,
  ) {
    const unseen = new BufferGeometry();
    unseen.setAttribute("position", new BufferAttribute(new Float32Array([OUT_OF_SIGHT, 0, 0]), 3));
    unseen.setAttribute("tintAndSize", new BufferAttribute(new Uint8Array(4), 4, true));
    this.seed = new Points(unseen, this.material({ value: 1 }));
    this.seed.frustumCulled = false;
    this.group.add(this.seed);
  }

  /** Whether sizes are to be settled yet, at a later frame. */
  get isUnsettled(): boolean {
    return this.isStale;
  }

  /** Whether the graphics lack anything of what is shown. */
  get isWaiting(): boolean {
    return this.shown.some(({ isUploaded }) => !isUploaded);
  }

  /** Points that are drawn when nothing moves. */
  get pointCount(): number {
    return this.shown.reduce((sum, { measured }) => sum + measured.count, 0);
  }

  /** Positions of what is shown, coarsest first; for picking and framing. */
  get shownPoints(): readonly Float32Array[] {
    return this.shown.map(({ measured }) => measured.pointsInWorld);
  }

  get shownClouds(): readonly PointCloud[] {
    return this.shown.map(({ measured }) => plain(measured));
  }

  /** Take a shard in, which is not seen before `show` names it; `isGivenNow`: to the graphics, too. */
  add(shard: WantedShard, measured: MeasuredCloud, isGivenNow: boolean): void {
    if (this.entries.has(shard.key)) return;
    const spacing = { value: 0 };
    const points = new Points(geometryOf(measured, shard), this.material(spacing));
    points.matrixAutoUpdate = false;
    points.visible = false;
    const entry = { points, shard, measured, spacing, isUploaded: false };
    this.entries.set(shard.key, entry);
    this.group.add(points);
    if (isGivenNow) this.give([entry]);
  }

  /**
   * Before a frame: give the graphics a part of what it shows and they lack, about so many points, most important
   * first. Returns whether another part has to follow before the frame, which takes a limited number of points at most,
   * unless they take the place of others.
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
   * Show exactly these, in this order of importance, in one frame; forget what neither is shown nor will be.
   *
   * Returns whether that changes what is to be seen.
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
   * Make visible what a frame has to draw.
   *
   * With the same view only what came since, if everything else stays as it is. What the graphics do not have yet waits
   * for a later frame, so that a hundred shards at once do not stall the page, unless it replaces others.
   */
  selectVisible(request: FrameRequest): Visible {
    this.settle(request);
    const { chosen, waitingCount } = this.choose(request.pointBudget);
    this.beginFrame(chosen);
    const drawn = new Set(chosen.map(({ shard }) => shard.key));
    const isAdded = request.isSameView && this.drawnKeys.size > 0 && [...this.drawnKeys].every((key) => drawn.has(key));
    for (const [key, { points }] of this.entries)
      points.visible = drawn.has(key) && !(isAdded && this.drawnKeys.has(key));
    this.seed.visible = this.entries.size === 0;
    this.drawnKeys = drawn;
    return { isAdded, pointCount: this.pointCount - waitingCount, isRestLeft: waitingCount > 0 };
  }

  /** What was drawn is gone: another size of the canvas, or a lost context. */
  clear(): void {
    this.drawnKeys.clear();
  }

  /** `pixelsPerUnit`: how many pixels a world unit has at distance one. */
  measure(pixelsPerUnit: number, pixelRatio: number): void {
    this.uniforms.pixelsPerUnit.value = pixelsPerUnit;
    this.uniforms.minimumSize.value = MINIMUM_SIZE_PX * pixelRatio;
    this.uniforms.maximumSize.value = MAXIMUM_SIZE_PX * pixelRatio;
  }

  dispose(): void {
    for (const key of this.entries.keys()) this.forget(key);
    this.seed.geometry.dispose();
    this.seed.material.dispose();
  }

  /** The most important shards within the budget, and how many points of them the graphics lack. */
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

  /** Drawing uploads what is drawn; the next frame's share of new points begins at zero. */
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

  /** Points get the size that closes the surface; not at every arrival, for the sizes depend on all shards. */
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

  /** Of all, or only of those that have no size yet. */
  private resize(isForAll: boolean): void {
    const asked = isForAll ? this.shown : this.shown.filter(({ spacing }) => spacing.value === 0);
    if (asked.length === 0) return;
    const sizes = spacings(this.shown.map(drawnShard), asked.map(drawnShard));
    const overlap = this.isRounded ? ROUNDED_OVERLAP : OVERLAP;
    for (const { shard, spacing } of asked) spacing.value = overlap * (sizes.get(shard.key) ?? 1);
  }

  private material(spacing: { value: number }): RawShaderMaterial {
    return new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: POINT_VERTEX,
      fragmentShader: POINT_FRAGMENT,
      defines: this.isRounded ? { ROUNDED: "" } : {},
      uniforms: { ...this.uniforms, spacing },
    });
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

function drawnShard({ measured, shard: { entry, key } }: Entry): DrawnShard {
  return { key, level: entry.level, bounds: entry.bounds, density: measured.density };
}

function geometryOf(measured: MeasuredCloud, { entry }: WantedShard): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(measured.pointsInWorld, 3));
  geometry.setAttribute("tintAndSize", new BufferAttribute(measured.tintsAndSizes, 4, true));
  geometry.boundingBox = new Box3(new Vector3(...entry.bounds.minimum), new Vector3(...entry.bounds.maximum));
  geometry.boundingSphere = geometry.boundingBox.getBoundingSphere(new Sphere());
  return geometry;
}
