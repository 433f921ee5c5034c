import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { ImageTrack } from "../../../src/scene/images";
import { initialState } from "../../../src/scene/state";
import type { ProjectState } from "../../../src/scene/state";
import { DESKTOP_BUDGET } from "../../../src/scene/wanted";
import { Photographs } from "../../../src/ui/photographs/loaded";
import { ViewerDialogs } from "../../../src/ui/viewer-dialogs";
import { initialViewerState } from "../../../src/ui/viewer-state";

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0);
const IMAGE = "walk-000001-0123456789abcdef";
const credentials = { user: "anna", password: "secret", project: "chapel" };
const WHY = { code: null, reason: null };
const config = {
  base: "http://site/",
  mqtt_url: "/mqtt",
  root: "cairn",
  projects: [],
  needs_login: true,
  has_invitations: false,
};
const jpeg = (): Promise<Response> => Promise.resolve(new Response(JPEG));
let answers: (() => Promise<Response>)[] = [];

vi.mock("../../../src/ui/parts", () => ({ need: () => undefined }));

beforeEach(() => {
  answers = [];
  vi.stubGlobal("fetch", (_: URL, { signal }: RequestInit) => {
    const refused = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        reject(new DOMException("too slow", "TimeoutError"));
      });
    });
    return Promise.race([refused, answers.shift()?.() ?? Promise.reject(new TypeError("offline"))]);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function photographs(): Photographs {
  return new Photographs("http://site/", credentials, () => undefined);
}

/** What the screen shows of the photograph that is open; null: none is. */
function drawing(loaded: Photographs): (opened: string | null) => unknown {
  const state = initialState("chapel", DESKTOP_BUDGET);
  const track: ImageTrack = { ...WHY, imageId: IMAGE, number: 1, fileName: null, hasOriginal: true, state: "placed" };
  const project: ProjectState = { ...state, images: { ...state.images, tracks: new Map([[1, track]]) } };
  const host = { view: initialViewerState(true), session: { photographs: loaded } };
  const dialogs = new ViewerDialogs(host as unknown as ConstructorParameters<typeof ViewerDialogs>[0]);
  const want = vi.spyOn(loaded, "want");
  return (opened) => {
    host.view = { ...host.view, opened };
    dialogs.open(config, project);
    const drawn: unknown = want.mock.results.at(-1)?.value;
    return opened === null ? null : drawn;
  };
}

describe("a photograph that did not come", () => {
  it("is not asked for again while it stays open", async () => {
    const draw = drawing(photographs());
    expect(draw(IMAGE)).toBe("loading");
    await vi.waitFor(() => {
      expect(draw(IMAGE)).toBe("missing");
    });
    answers = [jpeg];
    expect(draw(IMAGE)).toBe("missing");
  });

  it("is asked for again when it is opened again", async () => {
    const draw = drawing(photographs());
    draw(IMAGE);
    await vi.waitFor(() => {
      expect(draw(IMAGE)).toBe("missing");
    });
    answers = [jpeg];
    draw(null);
    expect(draw(IMAGE)).toBe("loading");
    await vi.waitFor(() => {
      expect(draw(IMAGE)).toEqual(JPEG);
    });
  });

  it("is missing after a while when no answer comes", async () => {
    const patience = new AbortController();
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(patience.signal);
    answers = [() => new Promise(() => undefined)];
    const draw = drawing(photographs());
    expect(draw(IMAGE)).toBe("loading");
    patience.abort();
    await vi.waitFor(() => {
      expect(draw(IMAGE)).toBe("missing");
    });
  });
});
