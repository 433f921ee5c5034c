import { afterEach, expect, it, vi } from "vitest";

import { keptUnit, unitRuler } from "../../../src/ui/annotations/units";
import { Measurement } from "../../../src/ui/overlay/measurement";
import { call } from "../../inside";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a ruler is round in the unit of this device", () => {
  expect(unitRuler(0.01, 130)).toEqual({ metres: 1, widthPx: 100 });
  vi.stubGlobal("localStorage", { getItem: () => "ft" });
  const found = unitRuler(0.01, 130);
  expect(found?.metres).toBeCloseTo(2 * 0.3048, 12);
  expect(found?.widthPx).toBeCloseTo(60.96, 12);
  vi.stubGlobal("localStorage", { getItem: () => "league" });
  expect(keptUnit()).toBe("m");
});

it("a known length is entered in feet, too, which are offered first where they were chosen", () => {
  vi.stubGlobal("localStorage", { getItem: () => "ft" });
  const card = new Measurement();
  const set: unknown[] = [];
  vi.spyOn(card, "dispatchEvent").mockImplementation((event) => set.push((event as CustomEvent).detail) > 0);
  expect(JSON.stringify(call(card, "form"))).toMatch(/true,"ft"/u);
  vi.stubGlobal(
    "FormData",
    class extends Map<string, string> {
      constructor() {
        super([
          ["length", "10"],
          ["unit", "ft"],
        ]);
      }
    },
  );
  call(card, "submit", { preventDefault: () => undefined, target: null });
  expect(set).toEqual([expect.closeTo(3.048, 12)]);
});
