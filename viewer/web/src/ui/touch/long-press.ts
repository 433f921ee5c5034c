/** What stands under a finger that rests on a button? Its title, in a bubble beside it, and no click after that. */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

const LONG_MS = 500;
const SHOWN_MS = 3000;
/** A click comes so soon after the finger is lifted. */
const CLICK_MS = 400;
const SLACK_PX = 10;
const MARGIN_PX = 8;
const GAP_PX = 10;
/** The key at the end of a title means nothing to who has no keys. */
const KEY = / \([A-Z?]\)$/;

@customElement("cairn-words")
export class WordsBubble extends LitElement {
  static override readonly styles = css`
    :host {
      position: fixed;
      inset: auto;
      margin: 0;
      width: max-content;
      max-width: min(280px, calc(100vw - ${2 * MARGIN_PX}px));
      padding: 8px 14px;
      border: 1px solid var(--line-strong);
      border-radius: 12px;
      background: var(--panel-solid);
      color: var(--ink);
      box-shadow: var(--shadow);
      font: 500 15px/1.4 var(--sans);
      overflow-wrap: anywhere;
      white-space: pre-line;
      pointer-events: none;
      z-index: 9;
    }
  `;

  @property() words = "";

  override render(): TemplateResult {
    return html`${this.words}`;
  }
}

/** The words of the first part of the path that has some, and this part. */
export function wordsOf(path: readonly EventTarget[], host: EventTarget): readonly [string, Element] | null {
  for (const part of path) {
    if (part === host) return null;
    if (!(part instanceof Element)) continue;
    const isBare = part.localName === "button" && part.textContent.trim() === "";
    const words =
      part.getAttribute("title") ??
      part.querySelector(":scope > title")?.textContent ??
      (isBare ? part.getAttribute("aria-label") : null);
    if (words) return [words.replace(KEY, ""), part];
  }
  return null;
}

export class LongPress {
  private readonly bubble = document.createElement("cairn-words");
  private pressing = 0;
  private showing = 0;
  private lifting = 0;
  private from: readonly [number, number] = [0, 0];
  /** Whether the press that goes on, or has just ended, is a long one. */
  private isLong = false;

  constructor(private readonly host: HTMLElement) {
    this.bubble.setAttribute("role", "tooltip");
    this.bubble.dataset["testid"] = "words";
    if ("popover" in this.bubble) this.bubble.popover = "manual"; // above open dialogs
    host.addEventListener("click", this.clicked, { capture: true });
    host.addEventListener("contextmenu", this.clicked, { capture: true });
    for (const kind of ["pointermove", "pointerup", "pointercancel"] as const)
      window.addEventListener(kind, this.moved, { capture: true });
  }

  end(): void {
    this.hide();
    clearTimeout(this.pressing);
    clearTimeout(this.lifting);
    this.host.removeEventListener("click", this.clicked, { capture: true });
    this.host.removeEventListener("contextmenu", this.clicked, { capture: true });
    for (const kind of ["pointermove", "pointerup", "pointercancel"] as const)
      window.removeEventListener(kind, this.moved, { capture: true });
  }

  /** A finger touches this path of elements. */
  begin(path: readonly EventTarget[], { clientX, clientY, isPrimary, timeStamp }: PointerEvent): void {
    this.hide();
    clearTimeout(this.pressing);
    clearTimeout(this.lifting);
    this.isLong = false;
    const found = isPrimary ? wordsOf(path, this.host) : null;
    if (!found) return;
    this.from = [clientX, clientY];
    this.pressing = window.setTimeout(
      () => {
        this.show(...found);
      },
      Math.max(0, LONG_MS - (performance.now() - timeStamp)),
    );
  }

  private show(words: string, part: Element): void {
    const { bubble, host } = this;
    bubble.words = words;
    host.shadowRoot?.append(bubble);
    if ("popover" in bubble) bubble.showPopover();
    this.isLong = true;
    this.showing = window.setTimeout(() => {
      this.hide();
    }, SHOWN_MS);
    void bubble.updateComplete.then(() => {
      this.place(part.getBoundingClientRect());
    });
  }

  /** Above what is touched, where a finger does not cover it; below it at the upper edge. */
  private place({ bottom, left, right, top }: DOMRect): void {
    const { offsetHeight: height, offsetWidth: width, style } = this.bubble;
    const x = (left + right - width) / 2;
    const isRoom = top - GAP_PX - height >= MARGIN_PX;
    style.left = `${Math.max(MARGIN_PX, Math.min(innerWidth - MARGIN_PX - width, x))}px`;
    style.top = `${isRoom ? top - GAP_PX - height : bottom + GAP_PX}px`;
  }

  private hide(): void {
    clearTimeout(this.showing);
    this.bubble.remove();
  }

  private readonly moved = (event: PointerEvent): void => {
    const [x, y] = this.from;
    const isStill = event.type === "pointermove" && Math.hypot(event.clientX - x, event.clientY - y) <= SLACK_PX;
    if (!isStill) clearTimeout(this.pressing);
    if (event.type === "pointermove") return;
    clearTimeout(this.lifting);
    this.lifting = window.setTimeout(() => {
      this.isLong = false;
    }, CLICK_MS);
  };

  /** The click that ends a long press does nothing, however long it was. Other clicks do what they are for. */
  private readonly clicked = (event: Event): void => {
    if (!this.isLong) return;
    event.preventDefault();
    event.stopPropagation();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "cairn-words": WordsBubble;
  }
}
