import { describe, expect, it } from "vitest";

import { Effort } from "../../src/render/effort";

describe("how much is drawn", () => {
  it("starts with everything where there is a graphics card, and with little where there is none", () => {
    expect(new Effort(false).isSlow(2_000_000)).toBe(false);
    expect(new Effort(true).isSlow(100_000)).toBe(true);
  });

  it("becomes less while frames are slow and more while they are quick", () => {
    const effort = new Effort(false);
    effort.learn(100, 1_000_000);
    expect(effort.movingPoints).toBe(800_000);
    effort.learn(10, 1_000_000);
    expect(effort.movingPoints).toBeCloseTo(880_000);
  });

  it("takes no lesson from the first frame after a rest", () => {
    const effort = new Effort(false);
    effort.learn(2000, 1_000_000);
    expect(effort.isSlow(3_000_000)).toBe(false);
  });

  it("leaves the processors time between frames only where they draw", () => {
    expect(new Effort(false).pauseMs(1010, 1000, 100_000)).toBe(0);
    expect(new Effort(true).pauseMs(1010, 1000, 0)).toBe(50);
    expect(new Effort(true).pauseMs(1010, 1000, 20_000)).toBe(110);
    expect(new Effort(true).pauseMs(1200, 1000, 20_000)).toBe(0);
  });
});
