/** Does the device have a network? The page is drawn again when that changes, and connects at once when there is one. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { ProjectState } from "../scene/state";
import { isLoopback } from "../wire/ids";

/** What a browser says of the network. */
const KINDS = ["online", "offline"] as const;

/** Whether the page server at this address can be there: one of the same machine needs no network. */
export function isOnline(base: string): boolean {
  return navigator.onLine || isLoopback(base);
}

/** What the page shows of a state: without a network the connection is lost, long before it times out. */
export function shownState(state: ProjectState, base: string): ProjectState {
  if (state.link.kind !== "connected" || isOnline(base)) return state;
  return { ...state, link: { kind: "lost", attempt: Infinity, isHeldBack: false } };
}

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
