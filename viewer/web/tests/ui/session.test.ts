import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { ProjectState } from "../../src/scene/state";
import { initialState } from "../../src/scene/state";
import { DESKTOP_BUDGET } from "../../src/scene/wanted";
import { Keeping } from "../../src/ui/photographs/keeping";
import { KeptPhotographs } from "../../src/ui/photographs/kept";
import { Session } from "../../src/ui/session";

const found = vi.hoisted(() => ({
  resumed: 0,
  give: null as ((unsent: readonly object[]) => void) | null,
  tell: null as ((state: ProjectState) => void) | null,
}));

vi.mock("../../src/scene/follower", () => ({
  Follower: class {
    constructor({ onState }: { onState: (state: ProjectState) => void }) {
      found.tell = onState;
    }
    close(): Promise<void> {
      return Promise.resolve();
    }
  },
}));
vi.mock("../../src/scene/uploading/uploader", () => ({
  Uploader: class {
    resume(): void {
      found.resumed += 1;
    }
  },
}));
vi.mock("../../src/worker/pool", () => ({ DecoderPool: closing() }));
vi.mock("../../src/worker/preview-maker", () => ({ PreviewMaker: closing() }));
vi.mock("../../src/ui/awake", () => ({ Awake: closing() }));
vi.mock("../../src/ui/photographs/loaded", () => ({ Photographs: closing() }));

function closing(): object {
  return class {
    close(): void {
      return;
    }
    release(): void {
      return;
    }
    follow(): void {
      return;
    }
  };
}

const credentials = { user: "anna", password: "secret", project: "chapel" };

beforeEach(() => {
  found.resumed = 0;
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.spyOn(KeptPhotographs.prototype, "unsent").mockReturnValue(
    new Promise((resolve) => {
      found.give = resolve as typeof found.give;
    }),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function opened(counts: (number | null)[], told: string[] = []): Session {
  const config = { base: "http://127.0.0.1/", mqtt_url: "/mqtt", root: "cairn", projects: [] };
  return new Session({
    config: { ...config, needs_login: true, has_invitations: false },
    credentials,
    onCloud: () => undefined,
    onScene: () => told.push("scene"),
    onState: () => told.push("words"),
    onKept: (count) => counts.push(count),
    onWaits: () => undefined,
  });
}

it("an open session sends what was chosen before a reload", async () => {
  const counts: (number | null)[] = [];
  const session = opened(counts);
  found.give?.([{}, {}]);
  await vi.waitFor(() => {
    expect([found.resumed, counts]).toEqual([1, [2]]);
  });
  session.close();
});

it("a session that was closed meanwhile sends nothing", async () => {
  const counts: (number | null)[] = [];
  opened(counts).close();
  found.give?.([{}, {}]);
  await new Promise((resolve) => setTimeout(resolve));
  expect([found.resumed, counts]).toEqual([0, []]);
});

it("points and cameras are passed on before the words; after a change of connection or world, all at the same time", () => {
  vi.useFakeTimers();
  vi.spyOn(Keeping.prototype, "follow").mockReturnValue();
  const told: string[] = [];
  const session = opened([], told);
  const first = initialState("chapel", DESKTOP_BUDGET);
  const grown = { ...first, scene: { ...first.scene } };
  const swapped = { ...first, scene: { ...first.scene, swapCount: 1 } };
  const connected: ProjectState = { ...swapped, link: { kind: "connected", count: 1 } };
  const heard = { ...connected, traffic: { ...connected.traffic, messages: 9 } };
  const after = (state: ProjectState, ms: number): string[] => {
    told.length = 0;
    found.tell?.(state);
    vi.advanceTimersByTime(ms);
    return [...told];
  };
  expect(after(first, 0)).toEqual(["words"]); // the first state says how the connection stands
  vi.advanceTimersByTime(1000);
  expect(after(grown, 16)).toEqual(["scene"]);
  expect(after(grown, 1000)).toEqual(["words"]);
  expect(after(swapped, 0)).toEqual(["words"]);
  vi.advanceTimersByTime(1000);
  expect(after(connected, 0)).toEqual(["words"]);
  vi.advanceTimersByTime(1000);
  expect(after(heard, 1000)).toEqual(["words"]);
  session.close();
  vi.useRealTimers();
});
