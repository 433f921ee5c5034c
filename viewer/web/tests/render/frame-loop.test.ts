import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Effort } from "../../src/render/effort";
import type { Fence } from "../../src/render/fence";
import { FrameLoop } from "../../src/render/frame-loop";

const MANY_POINTS = 100_000; // the processor rests 360 ms after them

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) =>
    setTimeout(() => {
      frame(performance.now());
    }, 16),
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A loop whose first frame has just drawn many points and left others; the times of the frames after it. */
function loopAfterFrame(isSoftware: boolean): { loop: FrameLoop; framesMs: number[] } {
  const framesMs: number[] = [];
  const loop = new FrameLoop({
    effort: new Effort(isSoftware),
    fence: { set: () => undefined, isOpen: true } as unknown as Fence,
    isWaiting: () => true,
    givePart: () => false,
    isUnsettled: () => false,
    pointCount: () => 2 * MANY_POINTS,
    advance: () => false,
    draw: () => framesMs.push(performance.now() - beganMs),
  });
  vi.advanceTimersByTime(1000);
  const beganMs = performance.now();
  loop.arrived(true);
  vi.advanceTimersByTime(20);
  framesMs.length = 0;
  loop.drawn(MANY_POINTS, true);
  return { loop, framesMs };
}

describe("points that waited for another frame", () => {
  it("are drawn at once with a graphics card", () => {
    const { framesMs } = loopAfterFrame(false);
    vi.advanceTimersByTime(20);
    expect(framesMs).toHaveLength(1);
  });

  it("leave the processor to the shards that load", () => {
    const { framesMs } = loopAfterFrame(true);
    vi.advanceTimersByTime(330);
    expect(framesMs).toHaveLength(0);
    vi.advanceTimersByTime(100);
    expect(framesMs).toHaveLength(1);
  });

  it("are drawn as soon as all shards are here", () => {
    const { framesMs, loop } = loopAfterFrame(true);
    loop.arrived(false);
    vi.advanceTimersByTime(60);
    expect(framesMs).toHaveLength(1);
  });
});
