/** How does a finger learn what an icon does? A long press shows the words that a mouse gets as a tooltip. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { LongPress } from "./overlay/long-press";

export class TouchWords implements ReactiveController {
  private longPress: LongPress | null = null;

  constructor(private readonly host: ReactiveControllerHost & HTMLElement) {
    host.addController(this);
  }

  hostConnected(): void {
    this.host.addEventListener("pointerdown", this.touched);
  }

  hostDisconnected(): void {
    this.host.removeEventListener("pointerdown", this.touched);
    this.longPress?.end();
    this.longPress = null;
  }

  private readonly touched = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") return;
    const path = event.composedPath(); // is empty after the event
    void import("./overlay/long-press").then(({ LongPress: Loaded }) => {
      if (!this.host.isConnected) return;
      this.longPress ??= new Loaded(this.host);
      this.longPress.begin(path, event);
    });
  };
}
