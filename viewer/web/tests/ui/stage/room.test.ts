/** Does the object keep clear of a card, and of a banner that stays? */
import { afterEach, describe, expect, it, vi } from "vitest";

import { LOW_BANNER_PX, LOW_QUERY, NARROW_QUERY, TABLET_PX } from "../../../src/ui/breakpoints";
import { covered } from "../../../src/ui/stage/room";
import type { ViewerState } from "../../../src/ui/viewer-state";
import { NOTHING_OPEN, initialViewerState } from "../../../src/ui/viewer-state";

const view: ViewerState = { ...initialViewerState(false), ...NOTHING_OPEN };

function inLayout(query: string | null, width: number, height: number, change: Partial<ViewerState> = {}) {
  vi.stubGlobal("matchMedia", (asked: string) => ({ matches: asked === query }));
  const size = { clientWidth: width, clientHeight: height };
  return [false, true].map((hasBanner) => covered({ ...view, ...change }, size, hasBanner));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

it("coverage and measures push the object further aside than a card, and not at all where no room is left", () => {
  const left = (width: number, change: Partial<ViewerState>): number =>
    inLayout(null, width, 900, change)[0]?.left ?? NaN;
  expect(left(1440, { selected: "a" })).toBeGreaterThan(300 + 24);
  expect(left(1440, { hasCoverage: true })).toBeGreaterThan(372 + 24);
  expect(left(1440, { isAnnotating: true })).toBe(left(820, { hasCoverage: true }));
  expect(left(820, { hasCoverage: true, isPanelOpen: true })).toBe(16);
});

describe("a banner that stays", () => {
  it("pushes the object down in a wide window, further in a tablet", () => {
    const [without, beside] = inLayout(null, 1440, 900);
    expect(without?.top).toBe(84);
    expect(beside?.top).toBeGreaterThan(140);
    expect({ ...beside, top: 0 }).toEqual({ ...without, top: 0 });
    const [, tablet] = inLayout(null, TABLET_PX, 1180);
    expect(tablet?.top).toBeGreaterThan(beside?.top ?? Infinity);
  });

  it("pushes it down on a phone, unless an open sheet hides the banner", () => {
    const [without, below] = inLayout(NARROW_QUERY, 390, 844);
    expect(below?.top).toBeGreaterThan(without?.top ?? Infinity);
    const [closed, open] = inLayout(NARROW_QUERY, 390, 844, { isPanelOpen: true });
    expect(open).toEqual(closed);
  });

  it("pushes it aside in a low window that has room for both", () => {
    const [without, beside] = inLayout(LOW_QUERY, 844, 390);
    expect([without?.left, without?.top]).toEqual([12, beside?.top]);
    expect(beside?.left).toBeGreaterThan(LOW_BANNER_PX);
    const [alone, covering] = inLayout(LOW_QUERY, 560, 320);
    expect(covering).toEqual(alone);
    const [closed, open] = inLayout(LOW_QUERY, 844, 390, { isPanelOpen: true });
    expect(open).toEqual(closed);
  });
});
