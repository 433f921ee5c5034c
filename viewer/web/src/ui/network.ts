/** Does the device have a network? The page is drawn again when that changes, and connects at once when there is one. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

/** What a browser says of the network. */
const KINDS = ["online", "offline"] as const;

export class Network implements ReactiveController {
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly onOnline: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    for (const kind of KINDS) window.addEventListener(kind, this.changed);
  }

  hostDisconnected(): void {
    for (const kind of KINDS) window.removeEventListener(kind, this.changed);
  }

  private readonly changed = (): void => {
    if (navigator.onLine) this.onOnline();
    this.host.requestUpdate();
  };
}
