/** What is this device? Asked of the browser each time, for windows are resized and mice are plugged in. */

import { NARROW_QUERY, SMALL_PX } from "./breakpoints";
import type { Budget } from "../scene/wanted";
import { DESKTOP_BUDGET, PHONE_BUDGET } from "../scene/wanted";

/** Little memory and weak graphics: a finger is what one points with. */
export function isPhone(): boolean {
  return matchMedia(`(pointer: coarse), ${NARROW_QUERY}`).matches;
}

/** The panels have become a sheet; layout.ts and sheet.ts use the same width. */
export function isNarrow(): boolean {
  return matchMedia(NARROW_QUERY).matches;
}

/** The panel would cover too much of the object. */
export function isSmall(): boolean {
  return matchMedia(`(max-width: ${SMALL_PX}px)`).matches;
}

/** What it holds, unless somebody asks for more. */
export function deviceBudget(): Budget {
  return isPhone() ? PHONE_BUDGET : DESKTOP_BUDGET;
}
