/** Does the page read the golden grid of broker/coverage/grid.py, and refuse others? */
import { describe, expect, it } from "vitest";

import type { Coverage } from "../../src/wire/contract";
import { decodeGrid, readAdvice, readCoverage, readGrid } from "../../src/wire/coverage";
import { sha256 } from "../../src/wire/digest";
import { goldenBytes, goldenJson } from "../golden";

const golden = goldenBytes("coverage.bin");

interface Golden {
  readonly valid: readonly { readonly message: object; readonly read: object }[];
}

function bytesOf(message: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

function messageOf(type: "advice" | "coverage"): { readonly message: object; readonly read: object } {
  const [first] = (goldenJson(`messages/${type}.json`) as Golden).valid;
  if (!first) throw new Error("the golden file is empty");
  return first;
}

describe("the grid", () => {
  it("comes out as Python wrote it", async () => {
    const grid = await decodeGrid(golden);
    expect(grid.origin).toEqual([1, 2, 3]);
    expect([grid.side, grid.shape, grid.isDense]).toEqual([0.5, [4, 3, 2], true]);
    expect([...grid.cells]).toEqual([0, 5, 6, 23]);
    expect([...grid.scores]).toEqual([0, 1, 128, 255]);
    expect([...grid.views]).toEqual([0, 1, 3, 15]);
    expect([...grid.anglesDeg]).toEqual([0, 0, 12, 90]);
  });

  it("is refused with another digest than the message names", async () => {
    const coverage = messageOf("coverage").read as Coverage;
    await expect(readGrid(golden, coverage)).rejects.toThrow("not the one that is named");
    await expect(readGrid(golden, { ...coverage, grid_sha256: await sha256(golden) })).resolves.toBeDefined();
  });

  it.each([
    ["an empty payload", () => new Uint8Array(0)],
    ["another magic number", () => altered((bytes) => (bytes[0] = 0))],
    ["more cells than its bytes have", () => altered((bytes) => (bytes[4] = 9))],
    ["more cells than one may have", () => altered((bytes) => (bytes[7] = 1))],
    ["no width", () => altered((bytes) => bytes.fill(0, 32, 40))],
    ["a shape that its cells do not fit", () => altered((bytes) => (bytes[40] = 2))],
    ["a box that no memory holds", () => altered((bytes) => bytes.fill(255, 40, 46))],
    ["a cut end", () => golden.slice(0, -12)],
  ])("is refused: %s", async (_, make) => {
    await expect(decodeGrid(make())).rejects.toThrow(expect.objectContaining({ code: "bad_shard" }));
  });
});

describe("the messages", () => {
  it("are read with their defaults", () => {
    const [advice, coverage] = [messageOf("advice"), messageOf("coverage")];
    expect(readAdvice(bytesOf(advice.message))).toEqual(advice.read);
    expect(readCoverage(bytesOf(coverage.message))).toEqual(coverage.read);
  });

  it("are refused on the other's channel, and when they are too large", () => {
    expect(() => readAdvice(bytesOf(messageOf("coverage").message))).toThrow("does not belong on advice");
    expect(() => readCoverage(bytesOf({ ...messageOf("coverage").message, more: "x".repeat(5000) }))).toThrow("bytes");
  });
});

function altered(change: (bytes: Uint8Array) => unknown): Uint8Array<ArrayBuffer> {
  const bytes = golden.slice();
  change(bytes);
  return bytes;
}
