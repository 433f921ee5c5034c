import { expect, it } from "vitest";

import type { Stage } from "../../../src/render/stage";
import { Gestures } from "../../../src/ui/stage/gestures";

it("a finger that rests during a pinch taps nothing, and neither does the right button", () => {
  const stage = { framer: { turnAbout: () => undefined }, pickPoint: () => [1, 2, 3] } as unknown as Stage;
  const meant: string[] = [];
  const gestures = new Gestures(
    { stage, hasCameras: true, isPicking: true },
    {
      onHold: () => meant.push("hold"),
      onGo: () => meant.push("go"),
      onPoint: () => meant.push("point"),
      onTap: () => meant.push("tap"),
      onMeasure: () => meant.push("measure"),
    },
  );
  const at = (x: number, change: object = {}): PointerEvent =>
    ({ isPrimary: true, button: 0, offsetX: x, offsetY: 0, timeStamp: 0, ...change }) as PointerEvent;
  gestures.touched(at(0));
  gestures.touched(at(100, { isPrimary: false }));
  gestures.tapped(at(100, { isPrimary: false }));
  gestures.tapped(at(40));
  gestures.touched(at(0, { button: 2 }));
  gestures.tapped(at(0, { button: 2 }));
  expect(meant).toEqual(["hold", "hold", "hold"]);
  gestures.touched(at(0));
  gestures.tapped(at(2));
  expect(meant.at(-1)).toBe("measure");
});

it("a double tap marks the point about which the view turns from then on", () => {
  const stage = {
    framer: { turnAbout: () => undefined, goTo: () => undefined },
    pickPoint: () => [1, 2, 3],
  } as unknown as Stage;
  const gone: unknown[] = [];
  const nothing = (): void => undefined;
  const gestures = new Gestures(
    { stage, hasCameras: false, isPicking: false },
    { onHold: nothing, onGo: (point) => gone.push(point), onPoint: nothing, onTap: nothing, onMeasure: nothing },
  );
  const event = { isPrimary: true, button: 0, offsetX: 5, offsetY: 5, timeStamp: 0 } as PointerEvent;
  for (let tap = 0; tap < 2; tap += 1) {
    gestures.touched(event);
    gestures.tapped(event);
  }
  expect(gone).toEqual([[1, 2, 3]]);
});

it("arrows with Shift are told from arrows without", () => {
  const pressed: unknown[] = [];
  const stage = { press: (...given: unknown[]) => pressed.push(given) > 0 } as unknown as Stage;
  const nothing = (): void => undefined;
  const gestures = new Gestures(
    { stage, hasCameras: false, isPicking: false },
    { onHold: nothing, onGo: nothing, onPoint: nothing, onTap: nothing, onMeasure: nothing },
  );
  gestures.pressed({ key: "ArrowLeft", shiftKey: true, preventDefault: nothing } as KeyboardEvent);
  expect(pressed).toEqual([["ArrowLeft", true]]);
});
