import { afterEach, describe, expect, it, vi } from "vitest";

import {
  bytes,
  count,
  dateAndTime,
  finePercent,
  length,
  points,
  seconds,
  timeInLog,
  timeOfDay,
  updateWords,
} from "../../src/ui/format";
import { t } from "../../src/ui/language/t";

describe("a count", () => {
  it("has its noun in the singular or in the plural", () => {
    expect([0, 1, 2, 1200].map((value) => t("shards", { count: value }))).toEqual([
      "0 shards",
      "1 shard",
      "2 shards",
      "1,200 shards",
    ]);
    expect([1, 3000, 154_600].map(points)).toEqual(["1 point", "3,000 points", "154.6K points"]);
  });

  it("is written in one locale on every device", () => {
    expect([count(1_234_567), bytes(1_234_567), seconds(0.0125)]).toEqual(["1,234,567", "1.2 MB", "13 ms"]);
    expect(timeOfDay(Date.UTC(2026, 10, 28, 13, 5, 9))).toMatch(/^[0-9]{2}:[0-9]{2}:[0-9]{2}$/);
  });
});

describe("a generation", () => {
  it("is a complete version for people", () => {
    expect(updateWords(1, 0)).toBe("1st complete version");
    expect(updateWords(2, 3)).toBe("2nd complete version, update 3");
    expect([3, 11, 12, 13, 22, 103].map((number) => updateWords(number, 0).split(" ", 1)[0])).toEqual([
      "3rd",
      "11th",
      "12th",
      "13th",
      "22nd",
      "103rd",
    ]);
  });
});

describe("a duration", () => {
  it("never has sixty seconds in a minute", () => {
    expect([59.94, 59.97, 119.7, 125].map(seconds)).toEqual(["59.9 s", "1 min 0 s", "2 min 0 s", "2 min 5 s"]);
  });
});

describe("a length", () => {
  it("says that there is no scale, and has a unit once there is one", () => {
    expect([length(1.5, null), length(1234.5, null)]).toEqual(["1.50 (no scale yet)", "1,230 (no scale yet)"]);
    expect([length(0.5, 0.01), length(0.5, 1), length(2.5, 1)]).toEqual(["5 mm", "50 cm", "2.50 m"]);
  });

  it.each([
    ["ft", ["0.0200 ft", "5 ft", "8.20 ft"]],
    ["cm", ["0.6 cm", "152.4 cm", "249.9 cm"]],
    ["m", ["6.1 mm", "1.52 m", "2.50 m"]],
  ])("has the unit that was chosen on this device: %s", (unit, written) => {
    vi.stubGlobal("localStorage", { getItem: () => unit });
    expect([0.006096, 1.524, 2.49936].map((metres) => length(metres, 1))).toEqual(written);
    vi.unstubAllGlobals();
  });
});

describe("a moment", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("says the day when it is not today, and the year when it is not this one", () => {
    vi.useFakeTimers({ now: new Date(2026, 10, 29, 12, 0) });
    const [today, yesterday, lastYear] = [
      new Date(2026, 10, 29, 9, 30, 5),
      new Date(2026, 10, 28, 23, 59, 58),
      new Date(2025, 10, 29, 9, 30),
    ].map((each) => each.getTime());
    expect([today, yesterday, lastYear].map((each) => timeInLog(each ?? 0))).toEqual([
      "09:30:05",
      "Nov 28, 23:59",
      "Nov 29, 2025, 09:30",
    ]);
    expect([today, lastYear].map((each) => dateAndTime(each ?? 0))).toEqual(["Nov 29, 09:30", "Nov 29, 2025, 09:30"]);
  });
});

it("the error of a scale is not rounded to nothing", () => {
  expect([0.0035, 0.02].map(finePercent)).toEqual(["0.35 %", "2.0 %"]);
});
