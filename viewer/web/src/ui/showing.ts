/** How does the state get onto the stage? Shards, framing and cameras, each only when it changed. */
import type { Stage, Tints } from "../render/stage";
import { framingOf, upOf, viewingDirection } from "../scene/framing";
import type { ReferenceSet } from "../scene/reference";
import type { ProjectState } from "../scene/state";
import { wantedShards } from "../scene/wanted";
import type { CameraEntry } from "../wire/contract";

/** The object grew this much: the whole is fitted again, as long as nobody has taken hold of it. */
const GROWTH = 1.12;

export class Showing {
  private lastShown: ReferenceSet | null = null;
  private lastComing: ReferenceSet | null = null;
  private lastCameras: readonly CameraEntry[] = [];
  private lastTints: Tints | null = null;
  private lastSelected: string | null = null;
  private fittedRadius = 0;
  private fittedLevels = -1;
  private isHeld = false;

  constructor(private readonly stage: Stage) {}

  /** A hand is on the object: it is not fitted by itself any more. */
  hold(): void {
    this.isHeld = true;
  }

  /** Bring the stage up to date. */
  sync(state: ProjectState, tints: Tints, selected: string | null): void {
    const { coming, shown } = state.scene;
    const { cameras } = state.images;
    if (shown !== this.lastShown || coming !== this.lastComing) this.showShards(state);
    const isNew = cameras !== this.lastCameras || tints !== this.lastTints || selected !== this.lastSelected;
    if (isNew || shown !== this.lastShown) {
      this.stand(state);
      this.followGrowth(state);
      this.stage.placeCameras(cameras, tints, selected);
    }
    this.lastShown = shown;
    this.lastComing = coming;
    this.lastCameras = cameras;
    this.lastTints = tints;
    this.lastSelected = selected;
  }

  /** See the whole again, and follow its growth again. */
  fit(state: ProjectState): void {
    this.isHeld = false;
    const framing = framingOf(this.stage.shownPoints);
    if (!framing) return;
    this.fittedRadius = framing.radius;
    this.stage.fit(framing, viewingDirection(state.images.cameras));
  }

  private showShards({ scene }: ProjectState): void {
    const { budget, coming, shown } = scene;
    const keys = shown ? wantedShards(shown.manifest, budget).map(({ key }) => key) : [];
    const loaded = keys.filter((key) => shown?.loaded.has(key));
    this.stage.show(loaded, new Set(coming ? wantedShards(coming.manifest, budget).map(({ key }) => key) : keys));
  }

  private stand({ images, scene }: ProjectState): void {
    const frame = scene.shown?.manifest.frame;
    if (frame) this.stage.stand(upOf(frame.up, images.cameras));
  }

  private followGrowth(state: ProjectState): void {
    const { shown } = state.scene;
    if (this.isHeld || !shown || shown.loaded.size === 0) return;
    const levels = shown.manifest.generation + shown.manifest.revision / 1e6;
    if (levels === this.fittedLevels && shown.loaded.size > 8) return; // finer levels do not make it larger
    const framing = framingOf(this.stage.shownPoints);
    if (!framing) return;
    this.fittedLevels = levels;
    const ratio = this.fittedRadius > 0 ? framing.radius / this.fittedRadius : Infinity;
    if (ratio > GROWTH || ratio < 1 / GROWTH) this.fit(state);
  }
}
