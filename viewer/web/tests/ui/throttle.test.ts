import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { SCENE_PACE, Throttle, WORDS_PACE } from "../../src/ui/throttle";

const { firstMs: FIRST_WAIT_MS, longestMs: LONGEST_WAIT_MS } = SCENE_PACE;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("after a pause, the newest state of one task is passed on at once", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state), SCENE_PACE);
  pace.news(1);
  pace.news(2);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(0);
  expect(told).toEqual([2]);
  vi.advanceTimersByTime(LONGEST_WAIT_MS);
  pace.news(3);
  vi.advanceTimersByTime(0);
  expect(told).toEqual([2, 3]);
});

test("of many states only the newest is passed on, more together the longer they keep coming", () => {
  const told: [state: number, atMs: number][] = [];
  const pace = new Throttle<number>((state) => told.push([state, performance.now()]), SCENE_PACE);
  for (let state = 1; state <= 400; state += 1) {
    pace.news(state);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(LONGEST_WAIT_MS);
  const waits = told.slice(1).map(([, atMs], index) => atMs - (told[index]?.[1] ?? NaN));
  expect(told.at(-1)?.[0]).toBe(400);
  expect(waits.slice(0, 4)).toEqual([FIRST_WAIT_MS, 2 * FIRST_WAIT_MS, LONGEST_WAIT_MS, LONGEST_WAIT_MS]);
});

test("after the flood, news is passed on soon again", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state), SCENE_PACE);
  for (let state = 1; state <= 400; state += 1) {
    pace.news(state);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(3 * LONGEST_WAIT_MS);
  pace.news(401);
  vi.advanceTimersByTime(1);
  pace.news(402);
  vi.advanceTimersByTime(FIRST_WAIT_MS);
  expect(told.slice(-2)).toEqual([401, 402]);
});

test("nothing is passed on after close", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state), SCENE_PACE);
  pace.news(1);
  vi.advanceTimersByTime(0);
  pace.news(2);
  pace.close();
  pace.news(3);
  vi.advanceTimersByTime(10 * LONGEST_WAIT_MS);
  expect(told).toEqual([1]);
});

test("another interval is kept to, too", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state), { pauseMs: 0, firstMs: 500, longestMs: 500 });
  pace.news(1);
  vi.advanceTimersByTime(0);
  pace.news(2);
  vi.advanceTimersByTime(499);
  expect(told).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([1, 2]);
});

test("words come a moment after a pause, with what came meanwhile, or at once when they are asked for", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state), WORDS_PACE);
  pace.news(1);
  vi.advanceTimersByTime(WORDS_PACE.pauseMs - 1);
  pace.news(2);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([2]);
  pace.news(3);
  pace.flush();
  expect(told).toEqual([2, 3]);
  pace.flush();
  vi.advanceTimersByTime(WORDS_PACE.longestMs);
  expect(told).toEqual([2, 3]);
});
