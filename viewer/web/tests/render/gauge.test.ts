import { Vector3 } from "three";
import { beforeEach, describe, expect, it } from "vitest";

import { Gauge } from "../../src/render/gauge";
import { Clearing } from "../../src/render/insets";
import { View } from "../../src/render/view";

/** A wall at z = 0, two units wide and high. */
const WALL = Float32Array.from(
  Array.from({ length: 41 * 41 }, (_, at) => [(at % 41) / 20 - 1, Math.floor(at / 41) / 20 - 1, 0]).flat(),
);

describe("the scale of the picture", () => {
  let view: View;
  let gauge: Gauge;

  beforeEach(() => {
    view = new View();
    view.resize({ width: 1000, height: 800 });
    gauge = new Gauge(view, new Clearing());
  });

  /** See the wall from so far, with the target behind it. */
  function standAt(distance: number): void {
    view.camera.position.set(0, 0, distance);
    view.camera.lookAt(new Vector3(0, 0, -2));
    view.camera.updateProjectionMatrix();
    view.camera.updateMatrixWorld();
  }

  /** World units in a pixel of the wall, by two of its points. */
  function truth(): number {
    const [x1, x2] = ([0, 0.05] as const).map((x) => view.project([x, 0, 0])?.[0] ?? NaN);
    return 0.05 / ((x2 ?? NaN) - (x1 ?? NaN));
  }

  it("is that of the object's surface, however near the target is", () => {
    for (const distance of [8, 1]) {
      standAt(distance);
      expect(gauge.unitsPerPx([WALL], true)).toBeCloseTo(truth(), 8);
    }
  });

  it("follows the last point while the view moves, and looks for another one at rest", () => {
    standAt(8);
    expect(gauge.unitsPerPx([WALL], false)).toBeNull();
    gauge.unitsPerPx([WALL], true);
    standAt(4);
    expect(gauge.unitsPerPx([WALL], false)).toBeCloseTo(truth(), 8);
    expect(gauge.unitsPerPx([WALL.map((value, at) => (at % 3 === 2 ? -4 : value))], true)).toBeCloseTo(2 * truth(), 8);
  });

  it("keeps its point while others arrive", () => {
    standAt(8);
    const nearer = WALL.map((value, at) => (at % 3 === 2 ? 4 : value));
    expect(gauge.unitsPerPx([WALL], true, true)).toBeCloseTo(truth(), 8);
    expect(gauge.unitsPerPx([WALL, nearer], true, true)).toBeCloseTo(truth(), 8);
    expect(gauge.unitsPerPx([WALL, nearer], true)).toBeCloseTo(truth() / 2, 8);
  });

  it("is not known where nothing is in the middle, nor behind the camera", () => {
    standAt(8);
    expect(gauge.unitsPerPx([WALL.map((value) => value + 5)], true)).toBeNull();
    gauge.unitsPerPx([WALL], true);
    standAt(-1);
    expect(gauge.unitsPerPx([WALL], false)).toBeNull();
    gauge.forget();
    standAt(8);
    expect(gauge.unitsPerPx([WALL], false)).toBeNull();
  });
});
