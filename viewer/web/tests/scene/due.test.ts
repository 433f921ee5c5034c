/** Do history, silence and pings come at their times after each connection? */
import { beforeEach, expect, it } from "vitest";

import { DueTimes, HISTORY_MS, PING_EVERY_MS, SILENCE_MS } from "../../src/scene/due";

const CONNECTED_MS = 1000;
let times = new DueTimes();

beforeEach(() => {
  times = new DueTimes();
  times.connected(CONNECTED_MS);
});

it("ends the history once for each connection", () => {
  expect(times.due(CONNECTED_MS + HISTORY_MS, true)).toEqual([]);
  expect(times.due(CONNECTED_MS + HISTORY_MS + 1, true)).toEqual(["history_ends"]);
  expect(times.due(CONNECTED_MS + HISTORY_MS + 2, true)).toEqual([]);
  times.connected(9000);
  expect(times.due(9000 + HISTORY_MS + 1, true)).toEqual(["history_ends"]);
});

it("speaks of silence as long as nothing was heard", () => {
  expect(times.due(CONNECTED_MS + SILENCE_MS, false)).toEqual([]);
  expect(times.due(CONNECTED_MS + SILENCE_MS + 1, false)).toEqual(["silence"]);
  expect(times.due(CONNECTED_MS + SILENCE_MS + 2, true)).toEqual([]);
  expect(times.due(CONNECTED_MS + SILENCE_MS + 3, false)).toEqual(["silence"]);
});

it("asks for a ping at equal distances from the connection on", () => {
  const pings = [0, 1, 2, 3].map((step) => times.due(CONNECTED_MS + (step * PING_EVERY_MS) / 2, true).includes("ping"));
  expect(pings).toEqual([false, false, true, false]);
});
