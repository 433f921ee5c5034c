import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ViewerCommands } from "../../src/ui/viewer-commands";
import type { ViewerState } from "../../src/ui/viewer-state";
import { initialViewerState } from "../../src/ui/viewer-state";

it.each([
  ["gives none", (): Promise<null> => Promise.resolve(null)],
  ["fails", (): Promise<null> => Promise.reject(new Error("out of memory"))],
])("says that an image was not saved where the canvas %s", async (_, capture) => {
  vi.stubGlobal("getComputedStyle", () => ({ getPropertyValue: () => "" }));
  const said: unknown[] = [];
  const host = {
    addController: () => undefined,
    view: initialViewerState(true),
    project: { project: "chapel" },
    stage: { capture },
    toast: { say: (...words: unknown[]) => said.push(words) },
  };
  new ViewerCommands(host as unknown as ConstructorParameters<typeof ViewerCommands>[0]).use("image");
  await vi.waitFor(() => {
    expect(said).toEqual([["The image was not saved. Close other windows, then try again.", true]]);
  });
  vi.unstubAllGlobals();
});

describe("a key", () => {
  class Dialog extends EventTarget {
    readonly open = true;
  }

  beforeEach(() => {
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("document", { body: null });
    vi.stubGlobal("innerHeight", 800);
    vi.stubGlobal("Element", Dialog);
    vi.stubGlobal("HTMLDialogElement", Dialog);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** The state of a page with an open measure after a key was pressed at this place. */
  function after(key: string, pathTo: (host: object) => readonly object[], dialog: object | null = null): ViewerState {
    const host = {
      addController: () => undefined,
      view: { ...initialViewerState(true), isMeasuring: true },
      project: { project: "chapel" },
      renderRoot: { querySelector: () => dialog },
      change(change: Partial<ViewerState>) {
        this.view = { ...this.view, ...change };
      },
    };
    new ViewerCommands(host as unknown as ConstructorParameters<typeof ViewerCommands>[0]).hostConnected();
    const event = Object.assign(new Event("keydown"), { key, composedPath: () => pathTo(host) });
    window.dispatchEvent(event);
    return host.view;
  }

  /** Whether a key that nothing has the focus for counts in an element of this height. */
  function counts(clientHeight: number): boolean {
    vi.stubGlobal("document", { body: window });
    const place = (host: object): readonly object[] => {
      Object.assign(host, { clientHeight });
      return [window];
    };
    return !after("m", place).isMeasuring;
  }

  it("on a fresh page counts in an element that fills it, also where pixels are zoomed", () => {
    expect([799, 800, 801].map(counts)).toEqual([true, true, true]);
    expect([400, 798].map(counts)).toEqual([false, false]);
  });

  it("of the page ends a measure", () => {
    expect(after("Escape", (host) => [{}, host]).isMeasuring).toBe(false);
    expect(after("m", (host) => [{}, host]).isMeasuring).toBe(false);
  });

  it.each(["Escape", "m"])("in a dialog is not for the page behind it: %s", (key) => {
    expect(after(key, (host) => [{}, new Dialog(), host]).isMeasuring).toBe(true);
  });

  it("beside an open dialog is not for the page behind it", () => {
    expect(after("Escape", (host) => [{}, host], {}).isMeasuring).toBe(true);
  });

  it("works in an element that is itself in a dialog of another page", () => {
    expect(after("Escape", (host) => [{}, host, new Dialog()]).isMeasuring).toBe(false);
  });
});
