import { expect, it, vi } from "vitest";

import type { Stage } from "../../../src/render/stage";
import { StageElement } from "../../../src/ui/stage/stage-element";

vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen

/** The part of Lit that says what changed needs no document. */
class Element extends StageElement {
  override requestUpdate(): void {
    return;
  }
  override dispatchEvent(): boolean {
    return true;
  }
}
customElements.define("test-tapped-stage", Element);

it("a tap beside the object is not lost while measuring: it is known until the next one", () => {
  const element = new Element();
  let point: readonly [number, number, number] | null = null;
  const pickPoint = (): typeof point => point;
  element.stage = { pickPoint, framer: { turnAbout: () => undefined } } as unknown as Stage;
  element.isMeasuring = true;
  const gestures = Reflect.get(element, "gestures") as Record<"touched" | "tapped", (event: unknown) => void>;
  const tap = (): void => {
    const event = { isPrimary: true, button: 0, offsetX: 5, offsetY: 5, timeStamp: 0 };
    gestures.touched(event);
    gestures.tapped(event);
  };
  tap();
  expect([element.measuring.isMissed, element.measuring.points]).toEqual([true, []]);
  point = [1, 2, 3];
  tap();
  expect([element.measuring.isMissed, element.measuring.points]).toEqual([false, [[1, 2, 3]]]);
  point = null;
  tap();
  element.measuring.clear();
  expect(element.measuring.isMissed).toBe(false);
});
