/** What kind of device is this? Media queries, evaluated at each call because windows and pointers change. */

import { LOW_QUERY, NARROW_PX, NARROW_QUERY, SMALL_PX } from "./breakpoints";
import type { Budget } from "../scene/wanted";
import { DESKTOP_BUDGET, PHONE_BUDGET } from "../scene/wanted";

/** Whether to assume little memory and weak graphics: a touch screen or a narrow window. */
export function isPhone(): boolean {
  return matchMedia(`(pointer: coarse), (max-width: ${NARROW_PX}px)`).matches;
}

/** How the page is laid out. The style sheets use the same queries. */
export type Layout = "wide" | "narrow" | "low";

export function layoutNow(): Layout {
  if (matchMedia(LOW_QUERY).matches) return "low";
  return matchMedia(NARROW_QUERY).matches ? "narrow" : "wide";
}

/** Whether an open panel would cover too much of the object. */
export function isSmall(): boolean {
  return matchMedia(`(max-width: ${SMALL_PX}px), ${LOW_QUERY}`).matches;
}

/** The budget of this device, unless the visitor requests more. */
export function deviceBudget(): Budget {
  return isPhone() ? PHONE_BUDGET : DESKTOP_BUDGET;
}
