/** At which sizes does the page change its layout? Constants for both the styles and the code. */
import { unsafeCSS } from "lit";

/** At most this wide, the side panel becomes a bottom sheet. */
export const NARROW_PX = 760;
/** At most this high, as a phone on its side, everything but the object is folded to the edges. */
export const LOW_PX = 500;
/** At most this wide, the panel is closed at first, because it would cover too much of the object. */
export const SMALL_PX = 1100;
/** At most this wide, the header's signs stand below it. */
export const TABLET_PX = 1000;
/** The width that the open side panel covers, margins included. */
export const PANEL_PX = 384;
/** The width of the tools beside a low window, and the widest panel beside them. */
export const TOOLS_PX = 68;
/** The same while neither panel nor card is open: the tools stand in two columns. In a style sheet: `var(--tools)`. */
export const TOOLS_IN_TWO_PX = 114;
export const LOW_PANEL_PX = 320;
/** And never more than this share of the window. */
export const LOW_PANEL_SHARE = 0.44;
/** The width of a banner in a low window, above the middle of its height. */
export const LOW_BANNER_PX = 264;
/** The share of the window's height that the open sheet covers, and its largest height. */
export const SHEET_SHARE = 0.62;
export const SHEET_PX = 620;
/** How much of a phone's height the cards of coverage, of measures and of notes take at most. */
export const CARD_SHARE = 0.46;
/** In a low window, the width that the line about the images leaves to the advice beside it. */
export const LOW_RAIL_PX = 232;
/** In a wide window, the least width beside the open panel that leaves room for the advice. */
export const ADVICE_BESIDE_PANEL_PX = 1160;
/** Where the ruler begins: right of the card in the lower left corner. */
export const RULER_LEFT_PX = 492;
/** At most this wide, the open panel leaves it no room there: it stands above the card. */
export const RULER_BESIDE_PANEL_PX = 1060;

export const NARROW_QUERY = `(max-width: ${NARROW_PX}px) and (min-height: ${LOW_PX + 1}px)`;
export const LOW_QUERY = `(max-height: ${LOW_PX}px)`;

/** For `@media ${narrow}` in a style sheet: a phone held upright. */
export const narrow = unsafeCSS(NARROW_QUERY);
/** For `@media ${low}` in a style sheet: a phone on its side, or a window that is enlarged. */
export const low = unsafeCSS(LOW_QUERY);
/** For `@media ${wide}` in a style sheet: neither of them. */
export const wide = unsafeCSS(`(min-width: ${NARROW_PX + 1}px) and (min-height: ${LOW_PX + 1}px)`);

/** A length for a style sheet. */
export function px(length: number): ReturnType<typeof unsafeCSS> {
  return unsafeCSS(`${length}px`);
}

/** A share of the window for a style sheet, in percent. */
export function share(ratio: number): ReturnType<typeof unsafeCSS> {
  return unsafeCSS(`${100 * ratio}%`);
}
