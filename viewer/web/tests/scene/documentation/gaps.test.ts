import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import type { DepthImage } from "../../../src/scene/documentation/gaps";
import { fillGaps } from "../../../src/scene/documentation/gaps";
import { inSlices } from "../../../src/scene/slices";

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
  for (const step of fillGaps(given, 3)) expect(step).toBeUndefined();
  return given.rgba;
}

const STONE = ["#########", "#########", "#########", "#########", "#########", "#########", "#########"];

/** Points at random before a farther surface, the same at each call. */
function noisy(width: number, height: number): DepthImage {
  let state = 7;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const rgba = new Uint8ClampedArray(4 * width * height);
  const nearness = new Float32Array(width * height);
  for (let at = 0; at < width * height; at += 1) {
    const depth = next() < 0.25 ? 0 : 30;
    if (next() < 0.2) continue;
    rgba.set([256 * next(), 256 * next(), 256 * next(), 255], 4 * at);
    nearness[at] = depth + next();
  }
  return { rgba, nearness, width, height };
}

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

  it("gives the same pixels in slices as at once", async () => {
    const given = noisy(96, 64);
    await inSlices(fillGaps(given, 5), () => false);
    const digest = createHash("sha256").update(given.rgba).update(new Uint8Array(given.nearness.buffer));
    // of 2026-11-29, when it was done at once; 2178 pixels were filled
    expect(digest.digest("hex")).toBe("e27dcc6a13b385d9bf05919ae046c90a57621f3ac89cf6afb395d0d22eec710d");
  });

  it("leaves the outline of the object where it is", () => {
    const outline = ["####.....", "####.....", "####.....", "####.....", "####.....", "####.....", "####....."];
    expect(filled(...outline)).toEqual(image(...outline).rgba);
  });
});
