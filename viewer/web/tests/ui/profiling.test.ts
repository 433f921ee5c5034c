import { expect, it, vi } from "vitest";

import type { Documentation } from "../../src/ui/documentation/element";
import { Profiling } from "../../src/ui/documentation/profiling";
import type { Snapshot } from "../../src/ui/documentation/snapshot";

it("a profile is computed once a frame, and its drawing is released", () => {
  const frames: FrameRequestCallback[] = [];
  const live = new Set<string>();
  let made = 0;
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => (frames.length = 0));
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
    made += 1;
    live.add(`blob:${made}`);
    return `blob:${made}`;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((address) => live.delete(address));
  const axes = { origin: [0, 0, 0], right: [1, 0, 0], up: [0, 1, 0], toward: [0, 0, 1] } as const;
  const box = { low: [0, 0, 0], high: [1, 1, 1] } as const;
  const pointsInWorld = new Float32Array([0.5, 0.5, 0.5]);
  const measured = { pointsInWorld, tintsAndSizes: new Uint8Array(4), count: 1, density: 1 };
  const snapshot = { whole: box, clouds: [{ measured, spacing: 1 }] } as unknown as Snapshot;
  const host = {
    snapshot,
    tab: "profile",
    metresPerUnit: 1,
    seen: { axes, clip: { axes, box }, box },
    requestUpdate: () => undefined,
  };
  const profiling = new Profiling(host as unknown as Documentation);
  profiling.begin(snapshot);
  for (const end of [0.6, 0.8, 1]) profiling.draw({ begin: [0, 0.5], end: [end, 0.5] });
  frames.splice(0).forEach((frame) => {
    frame(0);
  });
  expect([made, live.size, profiling.profile?.points.length]).toEqual([1, 1, 1]);
  profiling.widen(0.2);
  profiling.forget();
  expect([frames.length, live.size]).toEqual([0, 0]);
  vi.unstubAllGlobals();
});
