import { afterEach, expect, it, vi } from "vitest";

import { slept } from "../../src/scene/uploading/slept";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Pause, by a clock that says these milliseconds before and after. */
async function pausedMs(before: number, after: number): Promise<number> {
  vi.spyOn(performance, "now").mockReturnValueOnce(before).mockReturnValueOnce(after);
  return await slept(1);
}

it("counts a pause that a hidden page makes longer as what it was", async () => {
  expect(await pausedMs(1000, 1900)).toBe(900);
});

it("counts no more than a second, for a computer that slept", async () => {
  expect(await pausedMs(1000, 9_000_000)).toBe(1000);
});
