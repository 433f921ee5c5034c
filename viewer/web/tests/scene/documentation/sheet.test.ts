import { describe, expect, it } from "vitest";

import { fillGaps, metresPerPx, sheetOf } from "../../../src/scene/documentation/sheet";

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

describe("filling gaps", () => {
  const row = (text: string): number[] =>
    Array.from(text).flatMap((each) => (each === "#" ? [200, 100, 50, 255] : [0, 0, 0, 0]));
  const image = (...rows: string[]): Uint8ClampedArray => Uint8ClampedArray.from(rows.flatMap(row));

  it("fills a hole with the colour around it", () => {
    const rgba = image("#####", "##.##", "#####");
    fillGaps(rgba, 5, 3, 2);
    expect(rgba).toEqual(image("#####", "#####", "#####"));
  });

  it("leaves a straight outline where it is", () => {
    const rows = ["###...", "###...", "###...", "###..."];
    const rgba = image(...rows);
    fillGaps(rgba, 6, 4, 3);
    expect(rgba).toEqual(image(...rows));
  });
});
