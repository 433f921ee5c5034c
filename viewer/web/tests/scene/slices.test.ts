import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { inSlices } from "../../src/scene/slices";

function* steps(count: number, done: number[]): Generator<void, string> {
  for (let step = 0; step < count; step += 1) {
    done.push(step);
    yield;
  }
  return "the result";
}

let clockMs = 0;
beforeEach(() => {
  // every look at the clock is 30 ms later: each step fills a slice
  vi.spyOn(performance, "now").mockImplementation(() => (clockMs += 30));
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("work in slices", () => {
  it("gives its result, and others get their turn meanwhile", async () => {
    const done: number[] = [];
    const turn = new Promise<number>((resolve) => {
      setImmediate(() => {
        resolve(done.length);
      });
    });
    const work = inSlices(steps(100, done), () => false);
    expect(await turn).toBeLessThan(100);
    expect(await work).toBe("the result");
    expect(done).toHaveLength(100);
  });

  it("ends at once where nobody needs it any more", async () => {
    const done: number[] = [];
    expect(await inSlices(steps(3, done), () => done.length === 2)).toBeNull();
    expect(done).toEqual([0, 1]);
  });
});
