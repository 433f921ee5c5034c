/** How does motion end after a gesture? Damped by time, so that slow and fast screens end at the same place at the same time. */
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

  override update(): boolean {
    const nowMs = performance.now();
    const sinceMs = Math.max(LEAST_STEP_MS, nowMs - (this.steppedAtMs ?? 0));
    this.steppedAtMs = nowMs;
    this.enableDamping = this.isGliding;
    this.dampingFactor = 1 - Math.exp(-sinceMs / DAMPING_MS);
    return super.update();
  }

  /** Do the rest of a gesture's motion at once. */
  finish(): void {
    this.enableDamping = false;
    super.update();
    this.enableDamping = this.isGliding;
  }
}
