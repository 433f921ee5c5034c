/** Where is the focus when a card opens or closes? In the card of an image, and afterwards where it was before. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { StageElement } from "../stage/stage-element";

/** What is always there, and opens cards and dialogs. */
const LASTING = "cairn-stage, header, cairn-sheet";

/** The part of the element that the focus needs. */
export interface FocusHost extends ReactiveControllerHost {
  readonly renderRoot: HTMLElement | DocumentFragment;
  readonly stage: StageElement | null;
}

export class CardFocus implements ReactiveController {
  /** What has the focus, and what had it before a card or a dialog. */
  private holder: Element | null = null;
  private before: Element | null = null;

  constructor(private readonly host: FocusHost) {
    host.addController(this);
  }

  /** Focus the card of the image that was chosen. */
  async enter(): Promise<void> {
    await this.host.updateComplete;
    focus(this.host.renderRoot.querySelector("cairn-card"));
  }

  hostUpdate(): void {
    this.holder = this.active();
    if (this.holder?.closest(LASTING)) this.before = deepest(this.holder);
  }

  hostUpdated(): void {
    if (!this.holder || this.holder.isConnected || this.active()) return;
    focus(this.before);
    if (!this.active()) focus(this.host.stage?.renderRoot.querySelector("canvas") ?? null); // a sheet has closed over it
  }

  private active(): Element | null {
    const root = this.host.renderRoot;
    return "activeElement" in root ? (root as ShadowRoot).activeElement : null;
  }
}

function deepest(element: Element): Element {
  const inner = element.shadowRoot?.activeElement;
  return inner ? deepest(inner) : element;
}

function focus(element: Element | null): void {
  (element as HTMLElement | null)?.focus({ preventScroll: true });
}
