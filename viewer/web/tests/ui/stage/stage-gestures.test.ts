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
