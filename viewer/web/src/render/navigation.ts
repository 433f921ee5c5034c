/** How does the camera move? Orbit controls by mouse, touch and keys, and flights, without motion where preferred. */
import { type Matrix4, type PerspectiveCamera, Spherical, Vector3 } from "three";

import { TimedControls } from "./timed-controls";

export interface Pose {
  readonly position: Vector3;
  readonly target: Vector3;
}

interface Flight {
  readonly from: Pose;
  readonly to: Pose;
  readonly beginMs: number;
  readonly durationMs: number;
}

const CALM = "(prefers-reduced-motion: reduce)";
const KEY_STEP_RAD = Math.PI / 36;
const KEY_ZOOM = 0.88;
/** A step across, as a share of the distance to the target. */
const KEY_PAN = 0.06;
const PANS: Readonly<Record<string, readonly [right: number, up: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
const POLE_MARGIN_RAD = 0.02;
/** A step of less than this share of the distance moves the object by less than half a pixel: the motion is over. */
const LEAST_STEP = 0.0004;

/** The owner of the camera pose. */
export class Navigation {
  private readonly controls: TimedControls;
  private flight: Flight | null = null;

  constructor(
    private readonly camera: PerspectiveCamera,
    surface: HTMLElement | null,
    private readonly onChange: () => void,
  ) {
    this.controls = new TimedControls(camera, surface);
    this.controls.rotateSpeed = 0.75;
    this.controls.zoomToCursor = true;
    this.controls.addEventListener("change", onChange);
    this.controls.addEventListener("start", () => {
      this.flight = null; // any gesture ends a flight
    });
  }

  get target(): Vector3 {
    return this.controls.target;
  }

  /** Where the camera is, or where it flies to. */
  get destination(): Pose {
    return this.flight?.to ?? { position: this.camera.position, target: this.target };
  }

  /** Turn about this point in gestures to come; null: about the target. */
  turnAbout(pivot: Vector3 | null): void {
    this.controls.pivot = pivot;
  }

  /** Whether motion goes on after a gesture. */
  set isGliding(isGliding: boolean) {
    this.controls.isGliding = isGliding;
  }

  /** Advance damping or flight by one step. Returns whether another step is needed. */
  advance(nowMs: number): boolean {
    if (this.flight) this.flyOn(this.flight, nowMs);
    const before = { position: this.camera.position.clone(), target: this.target.clone() };
    this.controls.update();
    if (this.flight) return true;
    const distance = this.camera.position.distanceTo(this.target);
    const step = this.camera.position.distanceTo(before.position) + this.target.distanceTo(before.target);
    if (step > LEAST_STEP * distance) return true;
    if (step > 0) this.controls.finish();
    return false;
  }

  /** Fly to a pose. With reduced motion, jump to it. */
  flyTo(to: Pose, durationMs: number): void {
    this.controls.finish();
    this.controls.pivot = null;
    if (isCalm() || durationMs === 0) {
      this.flight = null;
      this.place(to.position, to.target);
    } else {
      const from = { position: this.camera.position.clone(), target: this.target.clone() };
      this.flight = { from, to, beginMs: performance.now(), durationMs };
    }
    this.onChange();
  }

  /** Handle a key: arrows orbit, with Shift they pan, plus and minus zoom. Returns whether the key is known. */
  press(key: string, isShifted = false): boolean {
    const across = isShifted ? PANS[key] : undefined;
    if (across) return this.pan(...across);
    const orbit = new Spherical().setFromVector3(this.camera.position.clone().sub(this.target));
    const steps: Record<string, () => void> = {
      ArrowLeft: () => (orbit.theta -= KEY_STEP_RAD),
      ArrowRight: () => (orbit.theta += KEY_STEP_RAD),
      ArrowUp: () => (orbit.phi -= KEY_STEP_RAD),
      ArrowDown: () => (orbit.phi += KEY_STEP_RAD),
      "+": () => (orbit.radius *= KEY_ZOOM),
      "=": () => (orbit.radius *= KEY_ZOOM),
      "-": () => (orbit.radius /= KEY_ZOOM),
    };
    const step = steps[key];
    if (!step) return false;
    step();
    orbit.phi = Math.min(Math.PI - POLE_MARGIN_RAD, Math.max(POLE_MARGIN_RAD, orbit.phi));
    this.flight = null;
    this.place(new Vector3().setFromSpherical(orbit).add(this.target), this.target);
    this.onChange();
    return true;
  }

  /** Move camera and target across the picture, in steps. */
  private pan(right: number, up: number): true {
    const { position, quaternion } = this.camera;
    const shift = new Vector3(right, up, 0).applyQuaternion(quaternion);
    shift.multiplyScalar(KEY_PAN * position.distanceTo(this.target));
    this.flight = null;
    this.place(position.clone().add(shift), this.target.clone().add(shift));
    this.onChange();
    return true;
  }

  /** Set the limits of the distance to the target, in world units. */
  limit(radius: number): void {
    this.controls.minDistance = radius / 200;
    this.controls.maxDistance = radius * 20;
  }

  /** Move camera, target and flight with the world. */
  carry(nowFromBefore: Matrix4): void {
    const carried = ({ position, target }: Pose): Pose => ({
      position: position.clone().applyMatrix4(nowFromBefore),
      target: target.clone().applyMatrix4(nowFromBefore),
    });
    const { flight } = this;
    if (flight) this.flight = { ...flight, from: carried(flight.from), to: carried(flight.to) };
    this.controls.pivot?.applyMatrix4(nowFromBefore);
    const pose = carried({ position: this.camera.position, target: this.target });
    this.place(pose.position, pose.target);
  }

  dispose(): void {
    this.controls.dispose();
  }

  private flyOn(flight: Flight, nowMs: number): void {
    const progress = Math.min(1, Math.max(0, (nowMs - flight.beginMs) / flight.durationMs));
    const eased = 1 - (1 - progress) ** 3;
    const { from, to } = flight;
    const target = from.target.clone().lerp(to.target, eased);
    this.place(orbited(from, to, eased).add(target), target);
    if (progress >= 1) this.flight = null;
  }

  private place(position: Vector3, target: Vector3): void {
    this.camera.position.copy(position);
    this.controls.target.copy(target);
    this.camera.lookAt(target);
  }
}

/** Interpolate between two poses around the object, not through it. */
function orbited(from: Pose, to: Pose, ratio: number): Vector3 {
  const begin = new Spherical().setFromVector3(from.position.clone().sub(from.target));
  const end = new Spherical().setFromVector3(to.position.clone().sub(to.target));
  const turn = ((end.theta - begin.theta + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
  const between = new Spherical(
    begin.radius * (end.radius / begin.radius) ** ratio,
    begin.phi + (end.phi - begin.phi) * ratio,
    begin.theta + turn * ratio,
  );
  return new Vector3().setFromSpherical(between);
}

/** Whether the system asks for reduced motion. */
export function isCalm(): boolean {
  return matchMedia(CALM).matches;
}
