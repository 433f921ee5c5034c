/** What was just done, or why did it fail? One line that disappears after 5 seconds. */
import type { ReactiveControllerHost, TemplateResult } from "lit";
import { html, nothing } from "lit";

const TOAST_MS = 5000;

export class Toast {
  private said: { readonly text: string; readonly isBad: boolean } | null = null;
  private timer = 0;

  constructor(private readonly host: ReactiveControllerHost) {}

  say(text: string, isBad = false): void {
    this.show({ text, isBad });
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.show(null);
    }, TOAST_MS);
  }

  render(): TemplateResult | typeof nothing {
    if (!this.said) return nothing;
    const { isBad, text } = this.said;
    return html`<div class="toast ${isBad ? "bad" : ""}" role="status" data-testid="toast">${text}</div>`;
  }

  private show(said: typeof this.said): void {
    this.said = said;
    this.host.requestUpdate();
  }
}
