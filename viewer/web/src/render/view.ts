/** Where is a point of the world on the canvas? One perspective camera over a world that is rotated upright. */
import { Group, Matrix4, PerspectiveCamera, Quaternion, Vector3 } from "three";

import type { Fill, HalfSides } from "../scene/fit";
import { fillOf, standpoint } from "../scene/fit";
import type { Framing, Vector } from "../scene/framing";
import type { Size } from "./insets";
import type { Pose } from "./navigation";
import { pickPoint } from "./picking";

const FIELD_OF_VIEW_DEG = 45;
const HALF_FIELD_RAD = (FIELD_OF_VIEW_DEG * Math.PI) / 360;
const UP_IN_STAGE = new Vector3(0, 1, 0);
/** How much of the free part the object fills, in the tighter direction. */
const FILL = 0.86;

/** From above, the direction is a little off the vertical, so that the front is below in the picture. */
const ALMOST_LEVEL = 0.01;

export type Side = "front" | "side" | "top";

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

  /** World units in one CSS pixel as far away as a point of the world; null behind the camera. */
  unitsPerPx(point: Vector): number | null {
    this.camera.updateMatrixWorld();
    const depth = -this.inStage(new Vector3(...point)).applyMatrix4(this.camera.matrixWorldInverse).z;
    return depth > 0 ? depth / this.pixelsPerUnit(this.size.height) : null;
  }

  /** What decides which point is at which place. */
  get matrices(): readonly number[] {
    this.camera.updateMatrixWorld();
    const { camera, world } = this;
    return [...camera.matrixWorld.elements, ...camera.projectionMatrix.elements, ...world.matrixWorld.elements];
  }

  /** Whether camera and world are unchanged since the last call. */
  isSame(): boolean {
    const { before, matrices: now } = this;
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
    return (this.camera.zoom * heightPx) / (2 * Math.tan(HALF_FIELD_RAD));
  }

  /** Project a point of the world to the canvas, in CSS pixels; null behind the camera. */
  project(point: Vector3 | Vector): readonly [number, number] | null {
    const { height, width } = this.size;
    const inWorld = point instanceof Vector3 ? point.clone() : new Vector3(...point);
    const screen = this.inStage(inWorld).project(this.camera);
    return screen.z < -1 || screen.z > 1 ? null : [((screen.x + 1) / 2) * width, ((1 - screen.y) / 2) * height];
  }

  /** Pick the point of these clouds at a place on the canvas, in CSS pixels. */
  pick(clouds: readonly Float32Array[], x: number, y: number, reachPx?: number): Vector | null {
    this.camera.updateMatrixWorld();
    const { height, width } = this.size;
    const { matrixWorldInverse, projectionMatrix } = this.camera;
    const clip = projectionMatrix.clone().multiply(matrixWorldInverse).multiply(this.world.matrixWorld);
    return pickPoint(clouds, clip.elements, { x, y, width, height }, reachPx);
  }

  /** The pose that shows the whole object in the free part of the canvas. */
  overview(framing: Framing, viewing: Vector | null, free: Size): Pose {
    const toward = this.towardObject(viewing);
    toward.y = Math.min(-0.12, toward.y);
    return this.along(framing, toward, free);
  }

  /** The whole object from its front, which the photographers faced, from its side or from above. */
  from(side: Side, framing: Framing, viewing: Vector | null, free: Size): Pose {
    const front = this.towardObject(viewing).setY(0).normalize();
    const directions: Record<Side, Vector3> = {
      front,
      side: front.clone().applyAxisAngle(UP_IN_STAGE, Math.PI / 2),
      top: front.clone().multiplyScalar(ALMOST_LEVEL).setY(-1),
    };
    return this.along(framing, directions[side], free);
  }

  /** The mean viewing direction in the stage, or one from the side. */
  private towardObject(viewing: Vector | null): Vector3 {
    return viewing ? new Vector3(...viewing).applyQuaternion(this.world.quaternion) : new Vector3(-0.55, -0.32, -0.8);
  }

  private along({ center, samples }: Framing, toward: Vector3, free: Size): Pose {
    const middle = this.inStage(new Vector3(...center));
    const axes = axesOf(middle.clone().sub(toward), middle);
    const { across, down } = this.halfSides(free);
    const stand = standpoint(this.seen(samples, axes, middle), { across: FILL * across, down: FILL * down });
    const position = new Vector3(...stand).applyMatrix4(axes).add(middle);
    const ahead = new Vector3(0, 0, Math.max(-stand[2], 1e-6)).applyMatrix4(axes);
    return { position, target: position.clone().add(ahead) };
  }

  /** How the object lies in the free part of the canvas, seen from a pose. */
  fill({ samples }: Framing, { position, target }: Pose, free: Size): Fill {
    return fillOf(this.seen(samples, axesOf(position, target), position), this.halfSides(free));
  }

  /** Half the sides of the free part at the usual field of view, as tangents. */
  halfSides({ height, width }: Size): HalfSides {
    const scale = Math.tan(HALF_FIELD_RAD) / this.size.height;
    return { across: scale * width, down: scale * height };
  }

  /** Points of the world in axes of a view with this origin. */
  private seen(points: Float32Array, axes: Matrix4, origin: Vector3): Float32Array {
    const inView = axes.clone().transpose().multiply(new Matrix4().makeTranslation(origin.clone().negate()));
    const matrix = inView.multiply(this.world.matrixWorld);
    const seen = new Float32Array(points.length);
    const point = new Vector3();
    for (let at = 0; at + 2 < points.length; at += 3)
      point.fromArray(points, at).applyMatrix4(matrix).toArray(seen, at);
    return seen;
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

/** The rotation from axes of a view (x right, y down, z ahead) to those of the stage. */
function axesOf(position: Vector3, target: Vector3): Matrix4 {
  const ours = new Matrix4().lookAt(position, target, UP_IN_STAGE);
  return ours.multiply(new Matrix4().makeScale(1, -1, -1)); // three.js has y up and looks along -z
}
