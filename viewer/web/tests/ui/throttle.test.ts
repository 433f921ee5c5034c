import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { INTERVAL_MS, Throttle } from "../../src/ui/throttle";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("after a pause, the newest state of one task is passed on at once", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state));
  pace.news(1);
  pace.news(2);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(0);
  expect(told).toEqual([2]);
  vi.advanceTimersByTime(INTERVAL_MS);
  pace.news(3);
  vi.advanceTimersByTime(0);
  expect(told).toEqual([2, 3]);
});

test("of many states only the newest is passed on, within the interval", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state));
  for (let state = 1; state <= 100; state += 1) {
    pace.news(state);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(told.at(-1)).toBe(100);
  expect(told.length).toBeLessThan(2 + Math.ceil(100 / INTERVAL_MS) + 1);
});

test("nothing is passed on after close", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state));
  pace.news(1);
  vi.advanceTimersByTime(0);
  pace.news(2);
  pace.close();
  pace.news(3);
  vi.advanceTimersByTime(10 * INTERVAL_MS);
  expect(told).toEqual([1]);
});

test("another interval is kept to, too", () => {
  const told: number[] = [];
  const pace = new Throttle<number>((state) => told.push(state), 500);
  pace.news(1);
  vi.advanceTimersByTime(0);
  pace.news(2);
  vi.advanceTimersByTime(499);
  expect(told).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([1, 2]);
});
