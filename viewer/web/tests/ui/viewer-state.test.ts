import { expect, it } from "vitest";

import type { Tool } from "../../src/ui/tools";
import { NOTHING_OPEN, act, initialViewerState } from "../../src/ui/viewer-state";

const OPENING: readonly Tool[] = ["measure", "notes", "coverage", "cloud", "views"];

it.each(OPENING)("nothing that %s opened stays open when the project is left", (tool) => {
  const before = initialViewerState(true);
  const opened = { ...act(before, tool), marked: ["an image"], scaleRefusal: "too short" };
  expect({ ...opened, ...NOTHING_OPEN }).toEqual(before);
});
