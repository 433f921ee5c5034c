import { afterEach, expect, it, vi } from "vitest";

import { paintOverlay } from "../../../src/ui/saving/overlay-painter";

afterEach(() => {
  vi.unstubAllGlobals();
});

const LOOK = {
  ...{ fill: "none", fillOpacity: "1", stroke: "red", strokeWidth: "2px", strokeDasharray: "none" },
  ...{ fontWeight: "600", fontSize: "15px", fontFamily: "sans" },
};

function shape(localName: string, attributes: Readonly<Record<string, string>>, look: object = {}, words = ""): object {
  const getAttribute = (name: string): string | null => attributes[name] ?? null;
  return { localName, getAttribute, textContent: words, look: { ...LOOK, ...look } };
}

/** What is painted of these shapes, as a list of calls. */
function painted(...shapes: readonly object[]): readonly unknown[] {
  vi.stubGlobal("getComputedStyle", (element: { look: object }) => element.look);
  const calls: unknown[] = [];
  const context = new Proxy<Record<string, unknown>>(
    {},
    {
      get: (kept, name: string) => kept[name] ?? ((...given: readonly unknown[]) => calls.push([name, ...given])),
    },
  );
  paintOverlay(
    context as unknown as CanvasRenderingContext2D,
    {
      querySelectorAll: () => shapes,
    } as unknown as ParentNode,
  );
  const noise = new Set(["save", "restore", "beginPath", "setLineDash"]);
  return calls.filter((call) => !noise.has((call as [string])[0]));
}

it("lines, outlines and points of measures are painted where they are on the canvas", () => {
  expect(
    painted(
      shape("line", { x1: "1", y1: "2", x2: "3", y2: "4" }),
      shape("polygon", { points: "0,0 5,0 5,5" }, { fill: "blue" }),
      shape("circle", { cx: "7", cy: "8", r: "6" }, { stroke: "none", fill: "red" }),
    ),
  ).toEqual([
    ["lineTo", 1, 2],
    ["lineTo", 3, 4],
    ["stroke"],
    ["lineTo", 0, 0],
    ["lineTo", 5, 0],
    ["lineTo", 5, 5],
    ["closePath"],
    ["fill"],
    ["stroke"],
    ["arc", 7, 8, 6, 0, 2 * Math.PI],
    ["fill"],
  ]);
});

it("a label is painted over its halo", () => {
  expect(painted(shape("text", { x: "10", y: "20" }, { fill: "black" }, " 2.50 m "))).toEqual([
    ["strokeText", "2.50 m", 10, 20],
    ["fillText", "2.50 m", 10, 20],
  ]);
});
