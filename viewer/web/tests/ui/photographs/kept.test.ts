import { afterEach, expect, it, vi } from "vitest";

import { KeptPhotographs } from "../../../src/ui/photographs/kept";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("without locks, because the browser refuses them, the roll call says which tabs live", async () => {
  vi.useFakeTimers();
  const refused = (): Promise<never> => Promise.reject(new DOMException("refused", "SecurityError"));
  vi.stubGlobal("navigator", { locks: { request: refused, query: refused } });
  vi.stubGlobal("indexedDB", {
    open: () => {
      throw new Error("nothing is kept here");
    },
  });
  const kept = new KeptPhotographs({ user: "anna", project: "chapel" }, () => undefined);
  const unsent = kept.unsent();
  await vi.advanceTimersByTimeAsync(1500);
  expect(await unsent).toEqual([]);
  kept.close();
});
