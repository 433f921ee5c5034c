import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { KeptPhotographs } from "../../src/ui/photographs/kept";
import { Session } from "../../src/ui/session";

const found = vi.hoisted(() => ({ resumed: 0, give: null as ((unsent: readonly object[]) => void) | null }));

vi.mock("../../src/scene/follower", () => ({
  Follower: class {
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

function opened(counts: (number | null)[]): Session {
  const config = { base: "http://127.0.0.1/", mqtt_url: "/mqtt", root: "cairn", projects: [] };
  return new Session({
    config: { ...config, needs_login: true, has_invitations: false },
    credentials,
    onCloud: () => undefined,
    onState: () => undefined,
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
