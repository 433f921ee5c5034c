import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { initialState } from "../../../src/scene/state";
import type { ProjectState } from "../../../src/scene/state";
import { DESKTOP_BUDGET } from "../../../src/scene/wanted";
import { CairnViewer } from "../../../src/ui/cairn-viewer";
import type { SessionOptions } from "../../../src/ui/session";
import type { LinkState } from "../../../src/wire/connection";

const opened = vi.hoisted(() => ({ options: [] as SessionOptions[], closed: 0 }));

vi.mock("../../../src/ui/session", () => ({
  Session: class {
    readonly follower = { state: stateOf({ kind: "connecting" }), further: { follow: () => undefined } };

    constructor(options: SessionOptions) {
      opened.options.push(options);
    }

    close(): void {
      opened.closed += 1;
    }
  },
}));

function stateOf(link: LinkState): ProjectState {
  return { ...initialState("chapel", DESKTOP_BUDGET), link };
}

const config = {
  base: "http://127.0.0.1/",
  mqtt_url: "/mqtt",
  root: "cairn",
  projects: [],
  needs_login: true,
  has_invitations: false,
};
const guest = { user: "anna", password: "known to this browser alone", project: "chapel", isInvited: true };
const HELD_BACK: LinkState = { kind: "lost", attempt: 1, isHeldBack: true };

/** The part of Lit's cycle that decides whether a project is open; nothing is drawn without a document. */
class Viewer extends CairnViewer {
  isInPage = true;

  override get isConnected(): boolean {
    return this.isInPage;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override scheduleUpdate(): void {
    return;
  }

  turn(...changed: string[]): void {
    this.willUpdate(new Map(changed.map((name) => [name, undefined])) as never);
  }

  tell(link: LinkState): void {
    opened.options.at(-1)?.onState(stateOf(link));
  }
}

function entered(): Viewer {
  const viewer = new Viewer();
  [viewer.config, viewer.credentials] = [config, guest];
  viewer.turn("config", "credentials");
  return viewer;
}

beforeEach(() => {
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("matchMedia", () => ({ matches: false })); // Node has no screen
  if (!customElements.get("test-viewer")) customElements.define("test-viewer", Viewer);
  [opened.options, opened.closed] = [[], 0];
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a login that the page server lets wait", () => {
  it("keeps an account that the browser remembered", () => {
    const viewer = entered();
    viewer.tell(HELD_BACK);
    expect([viewer.credentials, viewer.refusal]).toEqual([guest, null]);
  });

  it("asks again for a password that was just typed, and does not keep it", () => {
    const viewer = entered();
    viewer.typed = guest;
    viewer.tell(HELD_BACK);
    expect(viewer.credentials).toBeNull();
    expect(viewer.refusal).toContain("Wait a minute");
    expect(viewer.isForgotten).toBe(true);
  });

  it("waits for a typed password, too, once the server took it", () => {
    const viewer = entered();
    viewer.typed = guest;
    viewer.tell({ kind: "connected", count: 1 });
    viewer.tell(HELD_BACK);
    expect(viewer.credentials).toBe(guest);
  });
});

describe("an element of another page", () => {
  it("opens its project again after it was moved", () => {
    const viewer = entered();
    const asked = vi.spyOn(viewer, "requestUpdate");
    viewer.disconnectedCallback();
    expect([opened.closed, viewer.session]).toEqual([1, null]);
    Object.assign(viewer, { hasUpdated: true });
    viewer.connectedCallback();
    expect(asked).toHaveBeenCalledWith("config");
    viewer.turn("config");
    expect([opened.options.length, viewer.session === null]).toEqual([2, false]);
  });

  it("opens nothing while it is in no page", () => {
    const viewer = new Viewer();
    viewer.isInPage = false;
    [viewer.config, viewer.credentials] = [config, guest];
    viewer.turn("config", "credentials");
    expect(opened.options).toEqual([]);
  });

  it("opens another project when its attribute names one", () => {
    const viewer = entered();
    viewer.first = "chapel";
    viewer.turn("first");
    expect(viewer.credentials).toBe(guest); // the first project comes with the login
    Object.assign(viewer, { hasUpdated: true });
    viewer.first = "castle";
    viewer.turn("first", "credentials");
    expect(opened.options.map(({ credentials }) => credentials.project)).toEqual(["chapel", "castle"]);
  });
});

describe("a refused account", () => {
  it("is forgotten when name or password are wrong", () => {
    const viewer = entered();
    viewer.tell({ kind: "refused", reason: "no", isLoginWrong: true });
    expect([viewer.credentials, viewer.isForgotten]).toEqual([null, true]);
  });

  it("is not forgotten when the broker cannot be used", () => {
    const viewer = entered();
    viewer.tell({ kind: "refused", reason: "The broker takes no QoS 1", isLoginWrong: false });
    expect([viewer.credentials, viewer.isForgotten]).toEqual([null, false]);
    expect(viewer.refusal).toBe("The broker takes no QoS 1");
  });
});
