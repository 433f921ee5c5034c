/** What is drawn over the cloud? A second scene with the camera pyramids and the photograph of one camera. */
import type { Camera, Quaternion, WebGLRenderer } from "three";
import { Color, Group, Scene } from "three";

import type { Vector } from "../scene/framing";
import type { CameraEntry } from "../wire/contract";
import type { Placed } from "./frusta";
import { Frusta, lineSegments, setLines } from "./frusta";
import { Photo } from "./photo";

export interface Tints {
  readonly camera: string;
  readonly newest: string;
  readonly further: string;
}

export interface CameraLook {
  readonly tints: Tints;
  /** The position of the shards' origin in the world. */
  readonly offset: Vector;
  /** Image ids: the camera that is drawn larger, and the camera that shows its photograph. */
  readonly selected: string | null;
  readonly shown: string | null;
}

/** Positions and colours of line segments, (N, 3) in a row each. */
export type Segments = readonly [positions: Float32Array<ArrayBuffer>, colors: Float32Array<ArrayBuffer>];

/** The depth of a pyramid as a share of the object's radius. */
const SIZE_RATIO = 0.06;

export class CameraOverlay {
  private readonly scene = new Scene();
  private readonly world = new Group();
  private readonly frusta = new Frusta();
  private readonly photo = new Photo();
  private readonly advised = new Group();
  private readonly lines = lineSegments();
  /** The arguments of the last placing. */
  private placedAs: readonly unknown[] = [];

  /** `onChange`: called when it has to be drawn again. */
  constructor(private readonly onChange: () => void) {
    this.world.add(this.photo.mesh, this.frusta.lines);
    this.advised.add(this.lines);
    this.scene.add(this.world, this.advised);
  }

  /** Rotate with the world of the cloud. */
  turn(rotation: Quaternion): void {
    for (const group of [this.world, this.advised]) {
      group.quaternion.copy(rotation);
      group.updateMatrixWorld(true);
    }
  }

  /** Place every camera. `radius` is the object's, in world units. */
  place(cameras: readonly CameraEntry[], radius: number, { offset, selected, shown, tints }: CameraLook): void {
    const look = { size: radius * SIZE_RATIO, offset, selected };
    const asked = [cameras, tints, shown, selected, look.size, ...offset];
    if (asked.every((each, index) => each === this.placedAs[index])) return;
    this.placedAs = asked;
    this.frusta.update(cameras, {
      ...look,
      color: new Color(tints.camera),
      newestColor: new Color(tints.newest),
      furtherColor: new Color(tints.further),
    });
    this.photo.place(shown === null ? null : this.frusta.find(shown));
    this.onChange();
  }

  /** Draw further lines over the object, in the coordinates of the points. */
  draw(...segments: Segments): void {
    setLines(this.lines, ...segments);
    this.onChange();
  }

  /** Set the photograph and take ownership of the bitmap. */
  setPhoto(bitmap: ImageBitmap | null): void {
    this.photo.setBitmap(bitmap);
    this.onChange();
  }

  /** Lay the photograph over the object; null lets it fade near its camera. */
  layOver(opacity: number | null): void {
    this.photo.layOver(opacity);
    this.onChange();
  }

  /** Show or hide the cameras. A photograph that is laid over the object stays. */
  show(isShown: boolean): void {
    this.frusta.lines.visible = isShown;
    this.photo.hang(isShown);
    this.onChange();
  }

  find(imageId: string): Placed | null {
    return this.frusta.find(imageId);
  }

  nearest(...asked: Parameters<Frusta["nearest"]>): CameraEntry | null {
    return this.frusta.nearest(...asked);
  }

  render(renderer: WebGLRenderer, camera: Camera): void {
    this.photo.fade(camera);
    renderer.render(this.scene, camera);
  }

  dispose(): void {
    this.frusta.dispose();
    this.lines.geometry.dispose();
    this.lines.material.dispose();
    this.photo.dispose();
  }
}
