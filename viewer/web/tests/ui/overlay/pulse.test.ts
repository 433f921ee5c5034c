import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Newest, placeOfMark } from "../../../src/ui/overlay/pulse";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("a point that was gone to is marked for a while, from the beginning each time", () => {
  const seen: unknown[] = [];
  const newest: Newest = new Newest(() => seen.push(newest.marked));
  newest.mark([1, 2, 3]);
  vi.advanceTimersByTime(1000);
  newest.mark([4, 5, 6]);
  vi.advanceTimersByTime(4000);
  expect(newest.marked).toEqual([4, 5, 6]);
  vi.advanceTimersByTime(1000);
  expect(seen).toEqual([null, [1, 2, 3], null, [4, 5, 6], null]); // without a mark between, the ring would not begin again
});

it("a mark is where its point is; that of a camera goes with the cameras", () => {
  const stage = { project: () => [1, 2] as const, projectCamera: () => [3, 4] as const };
  expect(placeOfMark([0, 0, 0], { stage, hasCameras: false })).toEqual([1, 2]);
  expect(placeOfMark("img-1", { stage, hasCameras: true })).toEqual([3, 4]);
  expect(placeOfMark("img-1", { stage, hasCameras: false })).toBeNull();
});
