import { describe, expect, it } from "vitest";

import { bytes, count, counted, length, ordinal, points, seconds, timeOfDay, updateWords } from "../../src/ui/format";

describe("a count", () => {
  it("has its noun in the singular or in the plural", () => {
    expect([0, 1, 2, 1200].map((value) => counted(value, "shard"))).toEqual([
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

describe("an ordinal number", () => {
  it("has the suffix that English gives it", () => {
    expect([1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 103].map(ordinal).join(" ")).toBe(
      "1st 2nd 3rd 4th 10th 11th 12th 13th 21st 22nd 103rd",
    );
  });
});

describe("a generation", () => {
  it("is a complete version for people", () => {
    expect(updateWords(1, 0)).toBe("first complete version");
    expect(updateWords(2, 3)).toBe("second complete version, update 3");
    expect(updateWords(12, 0)).toBe("12th complete version");
  });
});

describe("a duration", () => {
  it("never has sixty seconds in a minute", () => {
    expect([59.94, 59.97, 119.7, 125].map(seconds)).toEqual(["59.9 s", "1 min 0 s", "2 min 0 s", "2 min 5 s"]);
  });
});

describe("a length", () => {
  it("has a unit: world units until there is a scale", () => {
    expect([length(1.5, null), length(1234.5, null)]).toEqual(["1.50 world units", "1,230 world units"]);
    expect([length(0.5, 0.01), length(0.5, 1), length(2.5, 1)]).toEqual(["5 mm", "50 cm", "2.50 m"]);
  });
});
