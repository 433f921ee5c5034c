import { describe, expect, it } from "vitest";

import {
  MOST_PIXELS_DESKTOP,
  MOST_PIXELS_PHONE,
  fittingScale,
  metresPerPx,
  sheetOf,
} from "../../../src/scene/documentation/sheet";

describe("a sheet", () => {
  it("has 8.467 mm in a pixel at 1:50", () => {
    expect(metresPerPx(50)).toBeCloseTo(0.0084667, 7);
  });

  it("is covered by its tiles exactly once", () => {
    const sheet = sheetOf([12.4, 9.9], 50, 512, MOST_PIXELS_DESKTOP);
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
    expect(sheetOf([width, height], scale, 1024, MOST_PIXELS_DESKTOP)).toBeNull();
  });

  it("with its caption is no larger than the canvas of a phone, which offers the scale that fits", () => {
    const facade = [40, 24] as const; // 13.4e6 pixels at 1:50
    expect(sheetOf(facade, 50, 1024, MOST_PIXELS_PHONE)).not.toBeNull();
    const [side, limit] = [4096 * metresPerPx(50), 3838 * metresPerPx(50)];
    expect(sheetOf([side - 0.001, limit - 0.001], 50, 1024, MOST_PIXELS_PHONE)?.heightPx).toBe(4096 - 258);
    expect(sheetOf([side - 0.001, limit + 0.009], 50, 1024, MOST_PIXELS_PHONE)).toBeNull();
    expect(sheetOf(facade, 20, 1024, MOST_PIXELS_PHONE)).toBeNull();
    expect(fittingScale(facade, MOST_PIXELS_PHONE)).toBe(50);
    expect(fittingScale([60, 40], MOST_PIXELS_PHONE)).toBe(100);
    expect(fittingScale([60, 40], MOST_PIXELS_DESKTOP)).toBe(50);
    expect(fittingScale([4000, 4000], MOST_PIXELS_DESKTOP)).toBeNull();
  });
});
