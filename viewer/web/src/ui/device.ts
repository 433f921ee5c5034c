/** What is this device? Asked of the browser each time, for windows are resized and mice are plugged in. */

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
