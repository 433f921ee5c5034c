/** What was just done, or why not? One line that leaves by itself. */
import type { TemplateResult } from "lit";
import { html } from "lit";

export const TOAST_MS = 5000;

export interface Toast {
  readonly text: string;
  readonly isBad: boolean;
}

export function toast({ isBad, text }: Toast): TemplateResult {
  return html`<div class="toast ${isBad ? "bad" : ""}" role="status" data-testid="toast">${text}</div>`;
}
