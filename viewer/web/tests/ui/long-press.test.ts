import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { LongPress } from "../../src/ui/touch/long-press";

class Part extends EventTarget {
  readonly localName = "button";
  readonly textContent = "";
  readonly shadowRoot = { append: () => undefined };
  getAttribute(): string {
    return "Measure (M)";
  }
  getBoundingClientRect(): object {
    return {};
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  const bubble = { setAttribute: () => undefined, remove: () => undefined, dataset: {}, style: {} };
  vi.stubGlobal("document", { createElement: () => ({ ...bubble, updateComplete: Promise.resolve() }) });
  vi.stubGlobal("Element", Part);
  vi.stubGlobal("innerWidth", 400);
  const timers = { setTimeout: (act: () => void, afterMs: number) => setTimeout(act, afterMs) };
  vi.stubGlobal("window", Object.assign(new EventTarget(), timers));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A finger that rests on a button for so long; whether clicks at these times after it do something. */
function clicks(restMs: number, afterMs: readonly number[]): readonly boolean[] {
  const host = new Part();
  const press = new LongPress(host as unknown as HTMLElement);
  const down = { clientX: 0, clientY: 0, isPrimary: true, timeStamp: performance.now() };
  press.begin([new Part()], down as PointerEvent);
  vi.advanceTimersByTime(restMs);
  window.dispatchEvent(new Event("pointerup"));
  let passedMs = 0;
  const found = afterMs.map((each) => {
    vi.advanceTimersByTime(each - passedMs);
    passedMs = each;
    return host.dispatchEvent(new Event("click", { cancelable: true }));
  });
  press.end();
  return found;
}

it("the click that ends a long press does nothing, however long it was", () => {
  expect([100, 600, 5000].map((restMs) => clicks(restMs, [10])[0])).toEqual([true, false, false]);
});

it("a click of a mouse or a key while the words are still there does what it is for", () => {
  expect(clicks(600, [10, 1500])).toEqual([false, true]);
});
