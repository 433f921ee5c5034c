/** At which widths does the page change its layout? Constants for both the styles and the code. */
import { unsafeCSS } from "lit";

/** At most this wide, the side panel becomes a bottom sheet. */
export const NARROW_PX = 760;
/** At most this wide, the panel is closed at first, because it would cover too much of the object. */
export const SMALL_PX = 1100;
/** The width that the open side panel covers, margins included. */
export const PANEL_PX = 384;
/** Where the ruler begins: right of the card in the lower left corner. */
export const RULER_LEFT_PX = 492;

export const NARROW_QUERY = `(max-width: ${NARROW_PX}px)`;

/** For `@media ${narrow}` in a style sheet. */
export const narrow = unsafeCSS(NARROW_QUERY);
/** For `@media ${wide}` in a style sheet: the opposite of `narrow`. */
export const wide = unsafeCSS(`(min-width: ${NARROW_PX + 1}px)`);

/** A length for a style sheet. */
export function px(length: number): ReturnType<typeof unsafeCSS> {
  return unsafeCSS(`${length}px`);
}
