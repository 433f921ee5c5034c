import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { ProjectState } from "../../src/scene/state";
import { Awake } from "../../src/ui/awake";

const request = vi.fn<() => Promise<{ release: () => Promise<void>; onrelease: null }>>();
const release = vi.fn(() => Promise.resolve());

beforeEach(() => {
  request.mockReset().mockImplementation(() => Promise.resolve({ release, onrelease: null }));
  release.mockClear();
  vi.stubGlobal("navigator", { wakeLock: { request } });
  vi.stubGlobal("document", { visibilityState: "visible" });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function follow(awake: Awake, link: string, upload: string): Promise<void> {
  awake.follow({ link: { kind: link }, uploads: [{ state: upload }] } as unknown as ProjectState);
  await new Promise((resolve) => setTimeout(resolve));
}

it.each([
  ["connected", "sending", 1],
  ["connected", "waiting", 0],
  ["connected", "stored", 0],
  ["lost", "sending", 0],
] as const)("on a link that is %s, a photograph that is %s holds the screen %i times", async (link, state, count) => {
  await follow(new Awake(), link, state);
  expect(request).toHaveBeenCalledTimes(count);
});

it("the screen is free once the link is lost", async () => {
  const awake = new Awake();
  await follow(awake, "connected", "sending");
  await follow(awake, "lost", "sending");
  expect(release).toHaveBeenCalledOnce();
});

it("a refused request is made again", async () => {
  request.mockRejectedValueOnce(new Error("the battery is low"));
  const awake = new Awake();
  await follow(awake, "connected", "sending");
  await follow(awake, "connected", "sending");
  await follow(awake, "connected", "sending");
  expect(request).toHaveBeenCalledTimes(2);
});
