/** Where is the eye, and where does a point of the world lie on the canvas? One perspective camera over a turned world. */
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
  /** The shards' world, turned upright. */
  readonly world = new Group();
  /** The canvas in CSS pixels; asking it at every frame would force a layout. */
  size: Size = { width: 1, height: 1 };
  /** Camera and world at the last call of `isSame`. */
  private before: readonly number[] = [];

  /** Turn the world upright; returns whether that changed it. */
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

  /** World units that one CSS pixel spans at the point that the eye looks at. */
  unitsPerPx(target: Vector3): number {
    return (2 * this.camera.position.distanceTo(target) * Math.tan(HALF_FIELD_RAD)) / this.size.height;
  }

  /** Whether eye and world are where they were at the last call. */
  isSame(): boolean {
    this.camera.updateMatrixWorld();
    const { camera, world } = this;
    const now = [...camera.matrixWorld.elements, ...camera.projectionMatrix.elements, ...world.matrixWorld.elements];
    const { before } = this;
    this.before = now;
    return now.every((value, index) => value === before[index]);
  }

  /** Near and far follow the distance, so that depth is fine enough for eye-dome lighting. */
  fitDepth({ center, radius }: Framing): void {
    const distance = this.camera.position.distanceTo(this.inStage(new Vector3(...center)));
    this.camera.near = Math.max(radius / 1000, (distance - 3 * radius) * 0.9);
    this.camera.far = distance + 12 * radius;
    this.camera.updateProjectionMatrix();
  }

  /** How many pixels a world unit has at distance one, on a canvas of so many pixels. */
  pixelsPerUnit(heightPx: number): number {
    return heightPx / (2 * Math.tan(HALF_FIELD_RAD));
  }

  /** Where a point of the world is on the canvas, in CSS pixels; null behind the camera. */
  project(point: Vector3 | Vector): readonly [number, number] | null {
    const { height, width } = this.size;
    const inWorld = point instanceof Vector3 ? point.clone() : new Vector3(...point);
    const screen = this.inStage(inWorld).project(this.camera);
    return screen.z < -1 || screen.z > 1 ? null : [((screen.x + 1) / 2) * width, ((1 - screen.y) / 2) * height];
  }

  /** The point of these clouds under a place of the canvas, in CSS pixels. */
  pick(clouds: readonly Float32Array[], x: number, y: number): Vector | null {
    this.camera.updateMatrixWorld();
    const { height, width } = this.size;
    const { matrixWorldInverse, projectionMatrix } = this.camera;
    const clip = projectionMatrix.clone().multiply(matrixWorldInverse).multiply(this.world.matrixWorld);
    return pickPoint(clouds, clip.elements, { x, y, width, height });
  }

  /** Where the eye sees the whole; `share` is how much of the canvas no panel covers. */
  overview({ center, radius }: Framing, viewing: Vector | null, share: number): Pose {
    const target = this.inStage(new Vector3(...center));
    const toward = viewing
      ? new Vector3(...viewing).applyQuaternion(this.world.quaternion)
      : new Vector3(-0.55, -0.32, -0.8);
    toward.y = Math.min(-0.12, toward.y);
    const distance = radius / (Math.sin(HALF_FIELD_RAD) * share);
    return { target, position: target.clone().sub(toward.normalize().multiplyScalar(distance)) };
  }

  /** The same sight from afar and from the side: where the first flight begins. */
  fromAfar({ position, target }: Pose): Pose {
    const away = position.clone().sub(target).applyAxisAngle(UP_IN_STAGE, 0.9).multiplyScalar(1.9);
    return { position: away.add(target), target };
  }

  /** From the world's coordinates to those of the stage; changes the vector that it is given. */
  inStage(point: Vector3): Vector3 {
    return point.applyMatrix4(this.world.matrixWorld);
  }
}
