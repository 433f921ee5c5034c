import { expect, it } from "vitest";

import { WHOLE, moved, zoomed } from "../../src/scene/zoom";

const SIZE = { width: 800, height: 600 };

it("keeps the point under the finger where it is", () => {
  const at = { x: 100, y: -50 };
  const near = zoomed(WHOLE, 2, at, SIZE);
  // A point p of the photograph is seen at x + scale * p.
  expect([near.x + near.scale * at.x, near.y + near.scale * at.y]).toEqual([at.x, at.y]);
});

it("never shows what is beside the photograph, nor less than the whole", () => {
  expect(moved(WHOLE, { x: 300, y: 300 }, SIZE)).toEqual(WHOLE);
  expect(moved(zoomed(WHOLE, 2, { x: 0, y: 0 }, SIZE), { x: 9999, y: -9999 }, SIZE)).toEqual({
    scale: 2,
    x: 400,
    y: -300,
  });
  expect(zoomed(WHOLE, 0.5, { x: 100, y: 0 }, SIZE)).toEqual(WHOLE);
  expect(zoomed(WHOLE, 99, { x: 0, y: 0 }, SIZE).scale).toBe(8);
});
