/** What is this device? Asked of the browser each time, for windows are resized and mice are plugged in. */

import type { Budget } from "../scene/wanted";
import { DESKTOP_BUDGET, PHONE_BUDGET } from "../scene/wanted";

/** Little memory and weak graphics: a finger is what one points with. */
export function isPhone(): boolean {
  return matchMedia("(pointer: coarse), (max-width: 760px)").matches;
}

/** The panels have become a sheet; layout.ts and sheet.ts use the same width. */
export function isNarrow(): boolean {
  return matchMedia("(max-width: 760px)").matches;
}

/** The panel would cover too much of the object. */
export function isSmall(): boolean {
  return matchMedia("(max-width: 1100px)").matches;
}

/** What it holds, unless somebody asks for more. */
export function deviceBudget(): Budget {
  return isPhone() ? PHONE_BUDGET : DESKTOP_BUDGET;
}
