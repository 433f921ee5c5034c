import { Vector3 } from "three";
import { describe, expect, it } from "vitest";

import type { Side } from "../../src/render/view";
import { View } from "../../src/render/view";
import type { Vector } from "../../src/scene/framing";
import { framingOf } from "../../src/scene/framing";

const SCREENS = [
  { size: { width: 1440, height: 900 }, free: { width: 1040, height: 820 } },
  { size: { width: 390, height: 844 }, free: { width: 326, height: 656 } },
  { size: { width: 844, height: 390 }, free: { width: 500, height: 300 } },
];
const DIRECTIONS: readonly (Vector | null)[] = [null, [0, 0, 1], [0.7, 0.1, 0.7], [0, 1, 0], [0, -1, 0]];

/** A wall with a wing to one side, 12 by 5 by 7. */
function building(): Float32Array {
  const points: number[] = [];
  for (let at = 0; at < 2000; at += 1) {
    const [one, other] = [(at * 0.618) % 1, (at * 0.414) % 1];
    points.push(...(at % 2 === 0 ? [12 * one, 5 * other, 0] : [12, 5 * other, 7 * one]));
  }
  return Float32Array.from(points);
}

describe("a view from one side", () => {
  const framing = framingOf([building()]);
  const along = (side: Side): readonly number[] => {
    if (!framing) throw new Error("no framing");
    const view = new View();
    view.resize({ width: 1000, height: 800 });
    view.stand([0, 1, 0]);
    const { position, target } = view.from(side, framing, [0, -0.3, 1], { width: 900, height: 700 });
    return target.clone().sub(position).normalize().toArray();
  };
  it("looks level along the way that the photographers faced, across it, and down", () => {
    const [[x1, y1, z1], [x2, y2, z2], [, y3]] = [along("front"), along("side"), along("top")];
    expect([x1, y1, z1].map((value) => Math.round(1e6 * (value ?? 0)) / 1e6 + 0)).toEqual([0, 0, 1]);
    expect([Math.abs(x2 ?? 0), y2, z2].map((value) => Math.round(1e6 * (value ?? 0)) / 1e6 + 0)).toEqual([1, 0, 0]);
    expect(y3).toBeLessThan(-0.999);
  });
});

describe("the overview", () => {
  const framing = framingOf([building()]);
  for (const { free, size } of SCREENS)
    for (const direction of DIRECTIONS)
      it(`fills ${free.width} × ${free.height} px seen along ${String(direction)}`, () => {
        if (!framing) throw new Error("no framing");
        const view = new View();
        view.resize(size);
        view.stand([0, -1, 0]);
        const pose = view.overview(framing, direction, free);
        view.camera.position.copy(pose.position);
        view.camera.lookAt(pose.target);
        view.camera.updateProjectionMatrix();
        view.camera.updateMatrixWorld();
        const seen = Array.from({ length: framing.samples.length / 3 }, (_, at) =>
          view.project(new Vector3().fromArray(framing.samples, 3 * at)),
        ).map((place) => place ?? ([NaN, NaN] as const));
        const xs = seen.map(([x]) => x - size.width / 2);
        const ys = seen.map(([, y]) => y - size.height / 2);
        const across = (Math.max(...xs) - Math.min(...xs)) / free.width;
        const down = (Math.max(...ys) - Math.min(...ys)) / free.height;
        expect(Math.max(across, down)).toBeCloseTo(0.86, 2);
        expect(Math.abs(Math.max(...xs) + Math.min(...xs)) / 2 / free.width).toBeLessThan(0.01);
        expect(Math.abs(Math.max(...ys) + Math.min(...ys)) / 2 / free.height).toBeLessThan(0.01);
        const fill = view.fill(framing, pose, free);
        expect([fill.isInside, fill.offCentre < 0.01]).toEqual([true, true]);
        expect(fill.across).toBeCloseTo(across, 3);
      });
});
