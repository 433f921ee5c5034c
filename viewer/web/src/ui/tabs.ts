/** How is one of several tabs chosen? By a click or with the arrow keys, as the ARIA authoring practices describe it. */
import type { TemplateResult } from "lit";
import { html } from "lit";

export interface Tabs<T extends string> {
  /** What a screen reader calls them. */
  readonly label: string;
  readonly tabs: readonly T[];
  readonly open: T;
  readonly words: (tab: T) => string;
  readonly onOpen: (tab: T) => void;
}

/** The tabs. What they open has the role `tabpanel`, this id, and the name of the open tab: `aria-labelledby="tab-…"`. */
export const TAB_PANEL = "content";

export function tabList<T extends string>({ label, onOpen, open, tabs, words }: Tabs<T>): TemplateResult {
  const step = (event: KeyboardEvent): void => {
    const next = tabAfter(event.key, open, tabs);
    if (next === null) return;
    event.preventDefault();
    onOpen(next);
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} @keydown=${step}>
    ${tabs.map(
      (each) =>
        html`<button
          id="tab-${each}"
          role="tab"
          data-testid="tab-${each}"
          aria-selected=${each === open}
          aria-controls=${TAB_PANEL}
          tabindex=${each === open ? 0 : -1}
          @click=${() => {
            onOpen(each);
          }}
        >
          ${words(each)}
        </button>`,
    )}
  </div>`;
}

/** The tab that a key opens; null for other keys. */
export function tabAfter<T extends string>(key: string, open: T, tabs: readonly T[]): T | null {
  const at = tabs.indexOf(open);
  const { length } = tabs;
  const next = { ArrowRight: (at + 1) % length, ArrowLeft: (at + length - 1) % length, Home: 0, End: length - 1 }[key];
  return next === undefined ? null : (tabs[next] ?? null);
}
