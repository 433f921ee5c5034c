import { PerspectiveCamera } from "three";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { Clearing } from "../../src/render/insets";

const SIZE = { width: 400, height: 800 };
const HALF = Math.tan(Math.PI / 8); // of a field of view of 45 degrees

function glided(clearing: Clearing, camera: PerspectiveCamera): number {
  let steps = 1;
  while (clearing.glide(camera, SIZE)) steps += 1;
  return steps;
}

describe("the field of view while a photograph lies over the object", () => {
  const camera = new PerspectiveCamera(45, SIZE.width / SIZE.height, 0.1, 10);

  beforeEach(() => {
    vi.stubGlobal("matchMedia", () => ({ matches: false }));
    camera.zoom = 1;
  });

  it("shows the whole photograph in the free part and then the usual field again", () => {
    const clearing = new Clearing();
    clearing.set({ top: 100, right: 0, bottom: 300, left: 0 });
    const free = clearing.free(SIZE);
    const halfSides = { across: (HALF * free.width) / SIZE.height, down: (HALF * free.height) / SIZE.height };
    clearing.focus({ across: 0.7, down: 0.5 }, halfSides);
    expect(glided(clearing, camera)).toBeGreaterThan(3);
    // Half the width of the photograph on the canvas, in pixels, is half the free width.
    expect(((0.7 * camera.zoom) / HALF) * (SIZE.height / 2)).toBeCloseTo(free.width / 2, 6);
    expect(((0.5 * camera.zoom) / HALF) * (SIZE.height / 2)).toBeLessThan(free.height / 2);
    clearing.focus(null, halfSides);
    glided(clearing, camera);
    expect(camera.zoom).toBe(1);
  });

  it("does not enlarge the photograph of a long lens without end", () => {
    const clearing = new Clearing();
    clearing.focus({ across: 0.001, down: 0.001 }, { across: 0.2, down: 0.4 });
    glided(clearing, camera);
    expect(camera.zoom).toBe(3);
  });
});

it("the middle of the free part lies between what panels cover", () => {
  const clearing = new Clearing();
  clearing.set({ top: 100, right: 0, bottom: 300, left: 60 });
  expect(clearing.middle(SIZE)).toEqual([230, 300]);
});
