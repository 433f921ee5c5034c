import { describe, expect, it } from "vitest";

import { Effort } from "../../src/render/effort";

describe("how much is drawn", () => {
  it("is everything at first with a graphics card, and little without one", () => {
    expect(new Effort(false).isSlow(2_000_000)).toBe(false);
    expect(new Effort(true).isSlow(15_000)).toBe(true);
    expect(new Effort(true).isSlow(5_000)).toBe(false);
  });

  it("decreases while frames are slow and increases while they are fast", () => {
    const effort = new Effort(false);
    effort.learn(100, 1_000_000);
    expect(effort.movingPoints).toBe(800_000);
    effort.learn(10, 1_000_000);
    expect(effort.movingPoints).toBeCloseTo(880_000);
  });

  it("does not change with the first frame after a pause", () => {
    const effort = new Effort(false);
    effort.learn(2000, 1_000_000);
    expect(effort.isSlow(3_000_000)).toBe(false);
  });

  it("is followed by a pause only with software rendering", () => {
    expect(new Effort(false).pauseMs(1010, 1000, 100_000)).toBe(0);
    expect(new Effort(true).pauseMs(1010, 1000, 0)).toBe(50);
    expect(new Effort(true).pauseMs(1010, 1000, 20_000)).toBe(110);
    expect(new Effort(true).pauseMs(1200, 1000, 20_000)).toBe(0);
  });
});
