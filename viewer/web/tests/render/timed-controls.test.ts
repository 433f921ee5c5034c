import { PerspectiveCamera, Vector3 } from "three";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { TimedControls } from "../../src/render/timed-controls";

/** The angle about the vertical after a turn of 60 degrees, and how long the motion went on, at these frames a second. */
function turned(framesPerS: number): { readonly angle: number; readonly motionMs: number } {
  const camera = new PerspectiveCamera(45, 1, 0.1, 100);
  camera.position.set(0, 0, 10);
  const controls = new TimedControls(camera, null);
  vi.advanceTimersByTime(1000 / framesPerS);
  controls.rotateLeft(Math.PI / 3);
  let motionMs = 0;
  for (let frame = 0; frame < 5 * framesPerS; frame += 1) {
    vi.advanceTimersByTime(1000 / framesPerS);
    const before = camera.position.clone();
    controls.update();
    if (camera.position.distanceTo(before) > 0.0004 * 10) motionMs = (frame * 1000) / framesPerS;
  }
  return { angle: Math.atan2(camera.position.x, camera.position.z), motionMs };
}

describe("motion after a gesture", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends at the same place on slow and fast screens, within a second", () => {
    const [slow, fast] = [turned(15), turned(60)];
    expect(Math.abs(slow.angle - fast.angle)).toBeLessThan(Math.PI / 180);
    expect(Math.max(slow.motionMs, fast.motionMs)).toBeLessThan(1000);
  });

  it("keeps the point under the finger where it is in the picture, whatever the target is", () => {
    for (const pivot of [new Vector3(2, 1, 6), new Vector3(-3, -1, -4), new Vector3(0, 0, 0)]) {
      const camera = new PerspectiveCamera(45, 1, 0.1, 100);
      camera.position.set(0, 0, 10);
      const controls = new TimedControls(camera, null);
      controls.pivot = pivot;
      camera.updateMatrixWorld();
      const [place, distance] = [pivot.clone().project(camera), camera.position.distanceTo(pivot)];
      controls.rotateLeft(Math.PI / 3);
      controls.rotateUp(Math.PI / 9);
      for (let frame = 0; frame < 60; frame += 1) {
        vi.advanceTimersByTime(16);
        controls.update();
      }
      camera.updateMatrixWorld();
      const turned = pivot.clone().project(camera);
      expect(Math.hypot(turned.x - place.x, turned.y - place.y)).toBeLessThan(1e-6);
      expect(camera.position.distanceTo(pivot)).toBeCloseTo(distance, 6);
      expect(camera.position.distanceTo(new Vector3(0, 0, 10))).toBeGreaterThan(1);
    }
  });

  it("is done at once where it does not glide, and when it is finished", () => {
    const camera = new PerspectiveCamera(45, 1, 0.1, 100);
    camera.position.set(0, 0, 10);
    const controls = new TimedControls(camera, null);
    controls.rotateLeft(Math.PI / 6);
    controls.finish();
    expect(Math.abs(Math.atan2(camera.position.x, camera.position.z))).toBeCloseTo(Math.PI / 6, 6);
    controls.isGliding = false;
    vi.advanceTimersByTime(16);
    controls.rotateLeft(Math.PI / 6);
    expect(Math.abs(Math.atan2(camera.position.x, camera.position.z))).toBeCloseTo(Math.PI / 3, 6);
    controls.update();
    expect(Math.abs(Math.atan2(camera.position.x, camera.position.z))).toBeCloseTo(Math.PI / 3, 6);
  });
});
