/** How does motion end after a gesture? Damped by time, so that slow and fast screens end at the same place at the same time. */
import type { Vector3 } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

/** After this time two thirds of a gesture's motion are done. */
const DAMPING_MS = 70;
const LEAST_STEP_MS = 1;

/** Orbit controls of three.js, whose damping is made for 60 frames a second. */
export class TimedControls extends OrbitControls {
  /** When the last step was taken; undefined while the constructor of three.js takes one. */
  private steppedAtMs: number | undefined;

  /** Whether motion goes on after a gesture. */
  isGliding = true;
  /** The point about which a gesture turns the view; null: the target, which lies in the middle of the picture. */
  pivot: Vector3 | null | undefined;

  override update(): boolean {
    const nowMs = performance.now();
    const sinceMs = Math.max(LEAST_STEP_MS, nowMs - (this.steppedAtMs ?? 0));
    this.steppedAtMs = nowMs;
    this.enableDamping = this.isGliding;
    this.dampingFactor = 1 - Math.exp(-sinceMs / DAMPING_MS);
    return this.step();
  }

  /** Do the rest of a gesture's motion at once. */
  finish(): void {
    this.enableDamping = false;
    this.step();
    this.enableDamping = this.isGliding;
  }

  /** One step of three.js, which turns about the target, moved so that the pivot keeps its place in the picture. */
  private step(): boolean {
    const before = this.object.quaternion.clone();
    const arm = this.pivot?.clone().sub(this.target);
    const isChanged = super.update();
    if (!arm) return isChanged;
    const turn = this.object.quaternion.clone().multiply(before.invert());
    const shift = arm.clone().sub(arm.applyQuaternion(turn));
    this.object.position.add(shift);
    this.target.add(shift);
    return isChanged;
  }
}
