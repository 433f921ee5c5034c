import { expect, it, vi } from "vitest";

import { Documentation } from "../../../src/ui/documentation/element";
import { DrawingGestures } from "../../../src/ui/documentation/gestures";
import { PhotoViewer } from "../../../src/ui/overlay/photo-viewer";
import { call } from "../../inside";

vi.hoisted(() => {
  class Observer {
    observe(): void {
      return;
    }
    disconnect(): void {
      return;
    }
  }
  vi.stubGlobal("ResizeObserver", Observer);
});

function pointer(buttons: number, x: number): PointerEvent {
  const currentTarget = { setPointerCapture: () => undefined };
  return {
    pointerId: 1,
    buttons,
    offsetX: x,
    offsetY: 0,
    clientX: x,
    clientY: 0,
    currentTarget,
  } as unknown as PointerEvent;
}

it("a mouse whose button went up over the browser's menu moves no drawing, and draws no line", () => {
  const moved: string[] = [];
  let isLine = false;
  const gestures = new DrawingGestures({
    isDrawingLine: () => isLine,
    placeAt: (x, y) => [x, y],
    shift: () => moved.push("shift"),
    zoom: () => moved.push("zoom"),
    drawLine: () => moved.push("line"),
  });
  for (const each of [false, true]) {
    isLine = each;
    gestures.grasped(pointer(2, 0));
    gestures.dragged(pointer(2, 5));
    gestures.dragged(pointer(0, 9));
    gestures.dragged(pointer(0, 12));
  }
  expect(moved).toEqual(["shift", "line"]);
});

function photoViewer(dialog: object, frame: object = {}): PhotoViewer {
  const viewer = new PhotoViewer();
  const parts: Record<string, object> = { dialog, ".frame": frame, "cairn-photo": { style: {} } };
  const root = { activeElement: null, querySelector: (name: string) => parts[name] };
  Object.defineProperties(viewer, { renderRoot: { value: root }, shadowRoot: { value: root } });
  return viewer;
}

it("a mouse whose button went up over the browser's menu moves no photograph", () => {
  const viewer = photoViewer({ clientWidth: 100, clientHeight: 100 });
  Reflect.set(viewer, "zoom", { scale: 4, x: 0, y: 0 });
  call(viewer, "grasped", pointer(2, 0));
  call(viewer, "dragged", pointer(0, 9));
  expect(Reflect.get(viewer, "zoom")).toEqual({ scale: 4, x: 0, y: 0 });
});

it("the keys stay in the photograph when the button that had them goes", () => {
  const focus = vi.fn();
  const viewer = photoViewer({ open: true }, { focus });
  call(viewer, "updated");
  expect(focus).toHaveBeenCalledTimes(1);
});

it("the line of a profile moves with the drawing when the window turns", () => {
  const views = new Documentation();
  const canvas = { clientWidth: 300, clientHeight: 200 };
  Object.defineProperty(views, "renderRoot", { value: { querySelector: () => canvas } });
  const update = vi.spyOn(views, "requestUpdate");
  vi.spyOn(views, "requestDraw").mockImplementation(() => undefined);
  call(views, "resize");
  expect(update).toHaveBeenCalledTimes(1);
});

it("the drawing is drawn again when the device gives the graphics back", () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  const views = new Documentation();
  const { strings, values } = views.render();
  const place = strings.findIndex((text) => text.endsWith("@webglcontextrestored="));
  expect(values[place]).toBe(views.requestDraw);
});
