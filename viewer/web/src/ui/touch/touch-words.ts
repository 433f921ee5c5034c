/** How does a finger learn what an icon does? A long press shows the words that a mouse gets as a tooltip. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { LongPress } from "./long-press";

const LIFTS = ["pointerup", "pointercancel"] as const;

export class TouchWords implements ReactiveController {
  private longPress: LongPress | null = null;
  /** The finger that is down. */
  private down: PointerEvent | null = null;

  constructor(private readonly host: ReactiveControllerHost & HTMLElement) {
    host.addController(this);
  }

  hostConnected(): void {
    this.host.addEventListener("pointerdown", this.touched);
    for (const kind of LIFTS) window.addEventListener(kind, this.lifted, { capture: true });
  }

  hostDisconnected(): void {
    this.host.removeEventListener("pointerdown", this.touched);
    for (const kind of LIFTS) window.removeEventListener(kind, this.lifted, { capture: true });
    this.longPress?.end();
    this.longPress = null;
  }

  private readonly lifted = (): void => {
    this.down = null;
  };

  private readonly touched = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") return;
    this.down = event;
    const path = event.composedPath(); // is empty after the event
    void import("./long-press").then(({ LongPress: Loaded }) => {
      if (!this.host.isConnected || this.down !== event) return;
      this.longPress ??= new Loaded(this.host);
      this.longPress.begin(path, event);
    });
  };
}
