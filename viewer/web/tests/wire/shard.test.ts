/** Do the decoders read the golden bytes of broker/shards.py? */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { PointCloud } from "../../src/wire/clouds/cloud";
import { sha256 } from "../../src/wire/digest";
import { decodePacked } from "../../src/wire/clouds/packed";
import { decodePly, encodePly } from "../../src/wire/clouds/ply";
import { decodeShard } from "../../src/wire/clouds/shard";
import { goldenBytes, goldenJson } from "../golden";

interface Truth {
  readonly count: number;
  readonly first_points: readonly (readonly number[])[];
  readonly first_colors: readonly (readonly number[])[];
  readonly points_sum: readonly number[];
  readonly colors_sum: readonly number[];
}

const truth = goldenJson("cloud.json") as Truth;
const ply = goldenBytes("shard.ply");
const packed = goldenBytes("shard.packed");

function sums(values: ArrayLike<number>): number[] {
  const sum = [0, 0, 0];
  for (let at = 0; at < values.length; at += 1) sum[at % 3] = (sum[at % 3] ?? 0) + (values[at] ?? 0);
  return sum;
}

function expectTruth({ colorsRgb, count, pointsInWorld }: PointCloud): void {
  expect(count).toBe(truth.count);
  expect([...pointsInWorld.subarray(0, 15)]).toEqual(truth.first_points.flat());
  expect([...colorsRgb.subarray(0, 15)]).toEqual(truth.first_colors.flat());
  expect(sums(colorsRgb)).toEqual(truth.colors_sum);
  for (const [axis, sum] of sums(pointsInWorld).entries()) expect(sum).toBeCloseTo(truth.points_sum[axis] ?? NaN, 6);
}

function promiseOf(payload: Uint8Array, encoding: "ply" | "packed") {
  return { encoding, size_bytes: payload.length, sha256: createHash("sha256").update(payload).digest("hex") };
}

function packedOf(count: number, planes: Uint8Array, step = 1): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(24);
  header.write("CRN1", "latin1");
  header.writeUInt32LE(count, 4);
  header.writeFloatLE(step, 20);
  return new Uint8Array(Buffer.concat([header, gzipSync(planes)]));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the PLY decoder", () => {
  it("reads what Python wrote", () => {
    expectTruth(decodePly(ply));
  });

  it("writes what it reads", () => {
    expect(Buffer.concat(encodePly([decodePly(ply)])).equals(Buffer.from(ply))).toBe(true);
  });

  it("refuses a cut file, another header and a point that is no number", () => {
    expect(() => decodePly(ply.subarray(0, -1))).toThrow(/bytes of rows/);
    expect(() => decodePly(new TextEncoder().encode("ply\nformat ascii 1.0\n"))).toThrow(/fixed layout/);
    const broken = ply.slice();
    new DataView(broken.buffer).setFloat32(broken.length - 15, NaN, true);
    expect(() => decodePly(broken)).toThrow(/not finite/);
  });
});

describe("the packed decoder", () => {
  it("reads what Python wrote", async () => {
    expectTruth(await decodePacked(packed));
  });

  it("wraps deltas at 16 and at 8 bits", async () => {
    const lows = [0xff, 0x02, 0, 0, 0, 0];
    const highs = [0xff, 0, 0, 0, 0, 0];
    const { colorsRgb, pointsInWorld } = await decodePacked(
      packedOf(2, Uint8Array.from([...lows, ...highs, 1, 2, 0, 0, 0, 0])),
    );
    expect([pointsInWorld[0], pointsInWorld[3]]).toEqual([32768, 32769]);
    expect([colorsRgb[0], colorsRgb[3]]).toEqual([255, 0]);
  });

  it.each([
    ["another magic", Uint8Array.from([...new TextEncoder().encode("CRN2"), ...packed.subarray(4)])],
    ["a cut stream", packed.slice(0, -20)],
    ["no points", packedOf(0, new Uint8Array(0))],
    ["more points than a shard holds", packedOf(16_385, new Uint8Array(16_385 * 9))],
    ["a step of zero", packedOf(1, new Uint8Array(9), 0)],
    ["planes that are too short", packedOf(2, new Uint8Array(9))],
    ["planes that unpack to far more than promised", packedOf(1, new Uint8Array(4_000_000))],
    ["no gzip", Uint8Array.from([...packed.subarray(0, 24), 1, 2, 3])],
  ])("refuses %s", async (_, payload) => {
    await expect(decodePacked(payload)).rejects.toMatchObject({ code: "bad_shard" });
  });
});

describe("a shard", () => {
  it("is decoded when it is what the manifest promises", async () => {
    expectTruth(await decodeShard(packed, promiseOf(packed, "packed"), truth.count));
    expectTruth(await decodeShard(ply, promiseOf(ply, "ply"), truth.count));
  });

  it("is refused for another length, another digest or another count", async () => {
    const promised = promiseOf(packed, "packed");
    await expect(decodeShard(packed.slice(1), promised, truth.count)).rejects.toThrow(/bytes arrived/);
    await expect(decodeShard(packed, { ...promised, sha256: "0".repeat(64) }, truth.count)).rejects.toThrow(/sha256/);
    await expect(decodeShard(packed, promised, truth.count + 1)).rejects.toThrow(/points arrived/);
  });
});

describe("the digest", () => {
  it("is the same with and without a secure context", async () => {
    const expected = createHash("sha256").update(packed).digest("hex");
    expect(await sha256(packed)).toBe(expected);
    vi.stubGlobal("crypto", {});
    expect(await sha256(packed)).toBe(expected);
  });
});
