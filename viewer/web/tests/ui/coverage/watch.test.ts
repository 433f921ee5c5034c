/** Does the grid on screen stay until message and grid of the next one fit? */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { expect, it, vi } from "vitest";

import { CoverageWatch } from "../../../src/ui/coverage/watch";
import { goldenJson } from "../../golden";

type Follow = (payload: Uint8Array) => void;

const { valid } = goldenJson("messages/coverage.json") as { valid: readonly [{ readonly message: object }] };
const NONE = new Uint8Array();

/** A grid of one cell with this score, and the message that names it. */
function written(score: number, generation: number): { readonly grid: Uint8Array; readonly message: Uint8Array } {
  const header = Buffer.alloc(48);
  header.write("CVG1");
  header.writeUInt32LE(1, 4);
  header.writeDoubleLE(0.5, 32);
  for (const at of [40, 42, 44]) header.writeUInt16LE(1, at);
  header.writeUInt8(1, 46);
  const grid = new Uint8Array(Buffer.concat([header, gzipSync(Buffer.from([0, 0, 0, 0, score, 3, 20]))]));
  const named = { grid_sha256: createHash("sha256").update(grid).digest("hex"), grid_bytes: grid.length, generation };
  return { grid, message: new TextEncoder().encode(JSON.stringify({ ...valid[0].message, ...named })) };
}

function watching() {
  const follows = new Map<string, Follow>();
  const further = {
    follow: (channel: string, take: Follow) => {
      follows.set(channel, take);
      return () => follows.delete(channel);
    },
  };
  const scores: (number | undefined)[] = [];
  const watch = new CoverageWatch({ further } as unknown as ConstructorParameters<typeof CoverageWatch>[0], () =>
    scores.push(watch.grid?.scores[0]),
  );
  watch.watchGrid(true);
  const receive = async (channel: string, payload: Uint8Array): Promise<void> => {
    follows.get(channel)?.(payload);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { receive, scores, watch };
}

it("keeps the grid until the message of the next one has come", async () => {
  const { receive, scores, watch } = watching();
  const [first, second] = [written(10, 1), written(20, 2)];
  await receive("coverage_grid", first.grid);
  await receive("coverage", first.message);
  await vi.waitFor(() => {
    expect(scores.at(-1)).toBe(10);
  });
  const before = scores.length;
  await receive("coverage_grid", second.grid);
  expect([scores.length, watch.grid?.scores[0], watch.coverage?.generation]).toEqual([before, 10, 1]);
  await receive("coverage", second.message);
  await vi.waitFor(() => {
    expect(scores.slice(before)).toEqual([20]);
  });
  expect(watch.coverage?.generation).toBe(2);
});

it("shows no grid once the message or the grid is cleared", async () => {
  for (const channel of ["coverage", "coverage_grid"]) {
    const { receive, scores } = watching();
    const { grid, message } = written(10, 1);
    await receive("coverage_grid", grid);
    await receive("coverage", message);
    await vi.waitFor(() => {
      expect(scores.at(-1)).toBe(10);
    });
    await receive(channel, NONE);
    expect(scores.at(-1)).toBeUndefined();
  }
});
