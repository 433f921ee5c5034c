import { describe, expect, it } from "vitest";

import { metresPerPx, sheetOf } from "../../../src/scene/documentation/sheet";

describe("a sheet", () => {
  it("has 8.467 mm in a pixel at 1:50", () => {
    expect(metresPerPx(50)).toBeCloseTo(0.0084667, 7);
  });

  it("is covered by its tiles exactly once", () => {
    const sheet = sheetOf(12.4, 9.9, 50, 512);
    if (!sheet) throw new Error("no sheet");
    expect([sheet.widthPx, sheet.heightPx]).toEqual([1465, 1170]);
    const covered = new Uint8Array(sheet.widthPx * sheet.heightPx);
    for (const { height, left, top, width } of sheet.tiles)
      for (let y = top; y < top + height; y += 1)
        for (let x = left; x < left + width; x += 1) {
          const at = y * sheet.widthPx + x;
          covered[at] = (covered[at] ?? 0) + 1;
        }
    expect(covered.every((count) => count === 1)).toBe(true);
  });

  it.each([
    [400, 100, 50],
    [0, 3, 50],
    [Infinity, 3, 100],
    [Number.NaN, 3, 100],
  ] as const)("of %f × %f m at 1:%i is refused", (width, height, scale) => {
    expect(sheetOf(width, height, scale, 1024)).toBeNull();
  });
});
