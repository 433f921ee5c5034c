import { PerspectiveCamera, Vector3 } from "three";
import { beforeEach, expect, it, vi } from "vitest";

import { Navigation } from "../../src/render/navigation";

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
});

it("arrows with Shift move the view across, without turning it", () => {
  const camera = new PerspectiveCamera(45, 1, 0.1, 100);
  const navigation = new Navigation(camera, null, () => undefined);
  navigation.flyTo({ position: new Vector3(0, 0, 10), target: new Vector3() }, 0);
  expect([navigation.press("ArrowRight", true), navigation.press("ArrowUp", true)]).toEqual([true, true]);
  const { x, y, z } = camera.position;
  expect([x > 0, y > 0, Math.abs(z - 10) < 1e-9]).toEqual([true, true, true]);
  expect(camera.position.clone().sub(navigation.target).toArray()).toEqual([0, 0, 10]);
  navigation.press("ArrowRight");
  expect(navigation.target.x).toBeCloseTo(x, 9);
  expect([navigation.press("+", true), navigation.press("x", true)]).toEqual([true, false]);
});
