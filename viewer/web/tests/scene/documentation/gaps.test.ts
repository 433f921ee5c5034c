import { describe, expect, it } from "vitest";

import type { DepthImage } from "../../../src/scene/documentation/gaps";
import { fillGaps } from "../../../src/scene/documentation/gaps";

/** "#" is stone, "o" glass that is 30 pixels behind it, "." empty. */
function image(...rows: readonly string[]): DepthImage {
  const signs = Array.from(rows.join(""));
  const colours: Readonly<Record<string, readonly number[]>> = { "#": [200, 180, 150, 255], o: [30, 30, 40, 255] };
  return {
    rgba: Uint8ClampedArray.from(signs.flatMap((sign) => colours[sign] ?? [0, 0, 0, 0])),
    nearness: Float32Array.from(signs, (sign) => (sign === "#" ? 30 : 0)),
    width: rows[0]?.length ?? 0,
    height: rows.length,
  };
}

function filled(...rows: readonly string[]): Uint8ClampedArray {
  const given = image(...rows);
  fillGaps(given, 3);
  return given.rgba;
}

const STONE = ["#########", "#########", "#########", "#########", "#########", "#########", "#########"];

describe("filling gaps", () => {
  it.each([
    ["an empty pixel", ["#########", "#########", "#########", "####.####", "#########", "#########", "#########"]],
    [
      "glass that shines through",
      ["#########", "#########", "####o####", "###oo####", "#########", "#########", "#########"],
    ],
  ])("covers %s", (_, rows) => {
    expect(filled(...rows)).toEqual(image(...STONE).rgba);
  });

  it("leaves the edges and corners of a window where they are", () => {
    const window = [
      "#########",
      "#########",
      "##ooooo##",
      "##ooooo##",
      "##ooooo##",
      "##ooooo##",
      "##ooooo##",
      "#########",
      "#########",
    ];
    expect(filled(...window)).toEqual(image(...window).rgba);
  });

  it("leaves the outline of the object where it is", () => {
    const outline = ["####.....", "####.....", "####.....", "####.....", "####.....", "####.....", "####....."];
    expect(filled(...outline)).toEqual(image(...outline).rgba);
  });
});
