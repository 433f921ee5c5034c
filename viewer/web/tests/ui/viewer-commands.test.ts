import { expect, it, vi } from "vitest";

import { ViewerCommands } from "../../src/ui/viewer-commands";
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
