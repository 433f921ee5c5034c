/** What kind of device is this? Media queries, evaluated at each call because windows and pointers change. */

import { NARROW_QUERY, SMALL_PX } from "./breakpoints";
import type { Budget } from "../scene/wanted";
import { DESKTOP_BUDGET, PHONE_BUDGET } from "../scene/wanted";

/** Whether to assume little memory and weak graphics: a touch screen or a narrow window. */
export function isPhone(): boolean {
  return matchMedia(`(pointer: coarse), ${NARROW_QUERY}`).matches;
}

/** Whether the panels form a bottom sheet. The style sheets use the same width. */
export function isNarrow(): boolean {
  return matchMedia(NARROW_QUERY).matches;
}

/** Whether an open panel would cover too much of the object. */
export function isSmall(): boolean {
  return matchMedia(`(max-width: ${SMALL_PX}px)`).matches;
}

/** The budget of this device, unless the visitor requests more. */
export function deviceBudget(): Budget {
  return isPhone() ? PHONE_BUDGET : DESKTOP_BUDGET;
}
