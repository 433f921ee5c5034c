/** How does the state get onto the canvas? Shards, framing and cameras are updated, each only after a change. */
import type { CameraLook } from "../../render/camera-overlay";
import type { Stage } from "../../render/stage";
import type { Side } from "../../render/view";
import type { Framing, Vector } from "../../scene/framing";
import { framingIn, framingOf, upOf, viewingDirection } from "../../scene/framing";
import type { ReferenceSet } from "../../scene/reference";
import { isComplete, pointCount } from "../../scene/reference";
import { EarlierVersions } from "./earlier-versions";
import { IDENTITY, chained, inverse, isIdentity, moved } from "../../scene/similarity";
import type { ProjectState } from "../../scene/state";
import type { Viewpoint } from "../../wire/address";
import type { CameraEntry, Similarity } from "../../wire/contract";

/** The last automatic framing. */
interface Fitted {
  readonly framing: Framing;
  readonly viewing: Vector | null;
}

/** The look of the cameras, as far as it is not part of the state. */
export type Look = Omit<CameraLook, "offset">;

const ORIGIN: Vector = [0, 0, 0];
/** While a set loads, the view is compared with it each time that its number of points has grown by this factor. */
const GROWTH = 1.3;

export class StageSync {
  /** The generations that were shown before this one. */
  readonly earlier = new EarlierVersions();
  private lastShown: ReferenceSet | null = null;
  private lastComing: ReferenceSet | null = null;
  private lastCameras: readonly CameraEntry[] = [];
  private lastLook: Look | null = null;
  private fitted: Fitted | null = null;
  private shownFromFirst: Similarity = IDENTITY;
  private isHeld = false;
  /** The shards that the view was last compared with, and their points. */
  private comparedWith: ReferenceSet["loaded"] | null = null;
  private comparedCount = 0;
  /** The view of the page's address, until the object is there. */
  private asked: Viewpoint | null = null;

  constructor(private readonly stage: Stage) {}

  /** Stop automatic framing, because the visitor moved the view. */
  hold(): void {
    this.isHeld = true;
  }

  /** Begin with this view instead of the whole object; null: with the whole object. */
  beginAt(viewpoint: Viewpoint | null): void {
    this.asked = viewpoint;
  }

  /** Update the stage to a state. */
  sync(state: ProjectState, look: Look): void {
    const { coming, shown } = state.scene;
    const { cameras } = state.images;
    if (!shown && this.lastShown) this.begin();
    if (shown !== this.lastShown || coming !== this.lastComing) this.showShards(state);
    const isNew = cameras !== this.lastCameras || !isSameLook(look, this.lastLook);
    if (isNew || shown !== this.lastShown) {
      this.stand(state);
      if (isNew || this.hasGrown(shown)) this.followGrowth(state);
      this.stage.placeCameras(cameras, { ...look, offset: shown?.manifest.frame.offset ?? ORIGIN });
    }
    this.lastShown = shown;
    this.lastComing = coming;
    this.lastCameras = cameras;
    this.lastLook = look;
  }

  /** Show the whole object, and restart automatic framing. */
  fit(state: ProjectState): void {
    this.isHeld = false;
    const framing = framingOf(this.stage.shownPoints);
    if (!framing) return;
    const viewing = viewingDirection(state.images.cameras);
    this.fitted = { framing, viewing };
    this.stage.framer.fit(framing, viewing);
  }

  /** Show the whole object from one side, and leave it so. */
  lookFrom(side: Side, state: ProjectState): void {
    const framing = framingOf(this.stage.shownPoints);
    if (!framing) return;
    this.isHeld = true;
    this.stage.framer.lookFrom(side, framing, viewingDirection(state.images.cameras));
  }

  /** Frame the object again after the free part of the canvas changed, unless the visitor moved the view. */
  makeRoom(state: ProjectState): void {
    if (!this.isHeld && this.fitted && !this.stage.framer.isFitting(this.fitted.framing)) this.fit(state);
  }

  /** Forget the object before: only another project takes the last points from the screen. */
  private begin(): void {
    this.earlier.forget();
    [this.fitted, this.shownFromFirst, this.isHeld, this.asked] = [null, IDENTITY, false, null];
    [this.comparedWith, this.comparedCount] = [null, 0];
  }

  private showShards({ scene }: ProjectState): void {
    const { coming, shown } = scene;
    this.earlier.follow(this.lastShown, shown, () => this.stage.clouds.spacedClouds, this.shownFromFirst);
    const keys = [...(shown?.plan ?? []), ...(shown?.standIns ?? [])].map(({ key }) => key);
    const loaded = keys.filter((key) => shown?.loaded.has(key));
    const isLoading = coming !== null || (shown !== null && !isComplete(shown));
    this.stage.show(loaded, new Set(coming ? coming.plan.map(({ key }) => key) : keys), isLoading);
  }

  private stand({ images, scene }: ProjectState): void {
    const frame = scene.shown?.manifest.frame;
    if (!frame) return;
    const up = upOf(frame.up, images.cameras);
    const nowFromBefore = chained(scene.shownFromFirst, inverse(this.shownFromFirst));
    this.shownFromFirst = scene.shownFromFirst;
    if (isIdentity(nowFromBefore)) {
      this.stage.stand(up);
      return;
    }
    this.stage.carry(nowFromBefore, up);
    if (!this.fitted) return;
    const { framing, viewing } = this.fitted;
    const turn: Similarity = { ...IDENTITY, rotation_wxyz: nowFromBefore.rotation_wxyz };
    this.fitted = { framing: framingIn(nowFromBefore, framing), viewing: viewing && moved(turn, viewing) };
  }

  /** Whether the view is to be compared with the points again: another set is shown, it has grown, or it is complete. */
  private hasGrown(shown: ReferenceSet | null): boolean {
    if (!shown || shown.loaded === this.comparedWith) return false;
    const isOther = shown.manifest.generation !== this.lastShown?.manifest.generation;
    return isOther || isComplete(shown) || pointCount(shown) > GROWTH * this.comparedCount;
  }

  /** Frame the object again as it grows, until the visitor moves the view. */
  private followGrowth(state: ProjectState): void {
    const { shown } = state.scene;
    [this.comparedWith, this.comparedCount] = [shown?.loaded ?? null, pointCount(shown)];
    if (this.isHeld || !shown || shown.loaded.size === 0) return;
    const framing = framingOf(this.stage.shownPoints);
    if (!framing) return;
    const viewing = viewingDirection(state.images.cameras);
    if (this.asked) {
      this.fitted = { framing, viewing };
      this.stage.framer.frame(framing);
      this.stage.framer.standAt(this.asked);
      [this.asked, this.isHeld] = [null, true];
      return;
    }
    if (!this.fitted || !this.stage.framer.isFitting(framing) || isTurned(this.fitted.viewing, viewing))
      this.fit(state);
    else this.fitted = { framing, viewing: this.fitted.viewing }; // for the next change of the free part
  }
}

/** Whether the mean viewing direction changed by more than some 25 degrees. */
function isTurned(before: Vector | null, now: Vector | null): boolean {
  if (!before || !now) return before !== now;
  return before[0] * now[0] + before[1] * now[1] + before[2] * now[2] < 0.9;
}

function isSameLook(one: Look, other: Look | null): boolean {
  return one.tints === other?.tints && one.selected === other.selected && one.shown === other.shown;
}
