/** Where is a point of the world on the canvas? One perspective camera over a world that is rotated upright. */
import { Group, PerspectiveCamera, Quaternion, Vector3 } from "three";

import type { Framing, Vector } from "../scene/framing";
import type { Size } from "./insets";
import type { Pose } from "./navigation";
import { pickPoint } from "./picking";

const FIELD_OF_VIEW_DEG = 45;
const HALF_FIELD_RAD = (FIELD_OF_VIEW_DEG * Math.PI) / 360;
const UP_IN_STAGE = new Vector3(0, 1, 0);

export class View {
  readonly camera = new PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, 0.1, 1000);
  /** The world of the shards, rotated upright. */
  readonly world = new Group();
  /** The canvas size in CSS pixels, cached because reading it at every frame forces a layout. */
  size: Size = { width: 1, height: 1 };
  /** The matrices of camera and world at the last call of `isSame`. */
  private before: readonly number[] = [];

  /** Rotate the world upright. Returns whether that changed it. */
  stand(up: Vector): boolean {
    const turn = new Quaternion().setFromUnitVectors(new Vector3(...up), UP_IN_STAGE);
    if (turn.equals(this.world.quaternion)) return false;
    this.world.quaternion.copy(turn);
    this.world.updateMatrixWorld(true);
    return true;
  }

  resize(size: Size): void {
    this.size = size;
    this.camera.aspect = size.width / size.height;
  }

  /** World units in one CSS pixel at the target of the camera. */
  unitsPerPx(target: Vector3): number {
    return (2 * this.camera.position.distanceTo(target) * Math.tan(HALF_FIELD_RAD)) / this.size.height;
  }

  /** Whether camera and world are unchanged since the last call. */
  isSame(): boolean {
    this.camera.updateMatrixWorld();
    const { camera, world } = this;
    const now = [...camera.matrixWorld.elements, ...camera.projectionMatrix.elements, ...world.matrixWorld.elements];
    const { before } = this;
    this.before = now;
    return now.every((value, index) => value === before[index]);
  }

  /** Adapt near and far to the distance, so that depth is precise enough for eye-dome lighting. */
  fitDepth({ center, radius }: Framing): void {
    const distance = this.camera.position.distanceTo(this.inStage(new Vector3(...center)));
    this.camera.near = Math.max(radius / 1000, (distance - 3 * radius) * 0.9);
    this.camera.far = distance + 12 * radius;
    this.camera.updateProjectionMatrix();
  }

  /** Pixels of one world unit at distance 1, on a canvas of this height in pixels. */
  pixelsPerUnit(heightPx: number): number {
    return heightPx / (2 * Math.tan(HALF_FIELD_RAD));
  }

  /** Project a point of the world to the canvas, in CSS pixels; null behind the camera. */
  project(point: Vector3 | Vector): readonly [number, number] | null {
    const { height, width } = this.size;
    const inWorld = point instanceof Vector3 ? point.clone() : new Vector3(...point);
    const screen = this.inStage(inWorld).project(this.camera);
    return screen.z < -1 || screen.z > 1 ? null : [((screen.x + 1) / 2) * width, ((1 - screen.y) / 2) * height];
  }

  /** Pick the point of these clouds at a place on the canvas, in CSS pixels. */
  pick(clouds: readonly Float32Array[], x: number, y: number): Vector | null {
    this.camera.updateMatrixWorld();
    const { height, width } = this.size;
    const { matrixWorldInverse, projectionMatrix } = this.camera;
    const clip = projectionMatrix.clone().multiply(matrixWorldInverse).multiply(this.world.matrixWorld);
    return pickPoint(clouds, clip.elements, { x, y, width, height });
  }

  /** The pose that shows the whole object. `share` is the free share of the canvas. */
  overview({ center, radius }: Framing, viewing: Vector | null, share: number): Pose {
    const target = this.inStage(new Vector3(...center));
    const toward = viewing
      ? new Vector3(...viewing).applyQuaternion(this.world.quaternion)
      : new Vector3(-0.55, -0.32, -0.8);
    toward.y = Math.min(-0.12, toward.y);
    const distance = radius / (Math.sin(HALF_FIELD_RAD) * share);
    return { target, position: target.clone().sub(toward.normalize().multiplyScalar(distance)) };
  }

  /** The start pose of the first flight: the same view from afar and from the side. */
  fromAfar({ position, target }: Pose): Pose {
    const away = position.clone().sub(target).applyAxisAngle(UP_IN_STAGE, 0.9).multiplyScalar(1.9);
    return { position: away.add(target), target };
  }

  /** Transform world coordinates to stage coordinates. It changes the given vector. */
  inStage(point: Vector3): Vector3 {
    return point.applyMatrix4(this.world.matrixWorld);
  }
}
