import { describe, expect, it } from "vitest";

import { WireError } from "../../src/wire/errors";
import { checkThumbnail } from "../../src/wire/photographs/thumbnail";

/** A JPEG of SOI, an APP0 of this length and an SOF0 with this size, without image data. */
function jpeg(width: number, height: number, padding = 16): Uint8Array {
  const head = [0xff, 0xd8, 0xff, 0xe0, padding >> 8, padding & 255, ...Array<number>(padding - 2).fill(0)];
  const frame = [0xff, 0xff, 0xc0, 0, 17, 8, height >> 8, height & 255, width >> 8, width & 255, 3];
  return new Uint8Array([...head, ...frame, ...Array<number>(16).fill(0), 0xff, 0xd9]);
}

function refusal(payload: Uint8Array): string {
  try {
    checkThumbnail(payload);
  } catch (thrown) {
    if (thrown instanceof WireError && thrown.code === "bad_thumbnail") return thrown.message;
    throw thrown;
  }
  return "";
}

describe("a thumbnail", () => {
  it("may have up to 320 pixels a side and 64 KB", () => {
    expect(refusal(jpeg(320, 240))).toBe("");
    expect(refusal(jpeg(240, 320))).toBe("");
    expect(refusal(jpeg(1, 1))).toBe("");
  });

  it("is refused before a decoder sees it when its header promises a huge picture", () => {
    expect(refusal(jpeg(65_535, 65_535))).toContain("65535 by 65535");
    expect(refusal(jpeg(321, 10))).toContain("321 by 10");
    expect(refusal(jpeg(0, 10))).toContain("0 by 10");
  });

  it("is refused when it is too long, no JPEG or cut short", () => {
    const long = new Uint8Array(65_537);
    long.set(jpeg(320, 240));
    expect(refusal(long)).toContain("65537 bytes");
    expect(refusal(new TextEncoder().encode("<svg onload=alert(1)>"))).toContain("no JPEG");
    expect(refusal(new Uint8Array())).toContain("no JPEG");
    expect(refusal(jpeg(320, 240).slice(0, 22))).toContain("no frame header");
    expect(refusal(jpeg(320, 240, 60_000).slice(0, 500))).toContain("no frame header");
  });
});
