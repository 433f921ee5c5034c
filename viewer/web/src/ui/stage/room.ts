/** Which part of the canvas is free of header, tools, cards and panels? Their sizes in each layout, in CSS pixels. */
import type { Insets } from "../../render/insets";
import { LOW_PANEL_PX, LOW_PANEL_SHARE, PANEL_PX, SHEET_PX, SHEET_SHARE, TOOLS_PX } from "../breakpoints";
import { layoutNow } from "../device";
import type { ViewerState } from "../viewer-state";

export const NOTHING_COVERED: Insets = { top: 0, right: 0, bottom: 0, left: 0 };

/** What is open: the panel, and a card on the left, of an image or of the measurement. */
interface Open {
  readonly isPanelOpen: boolean;
  readonly hasCard: boolean;
  /** Whether the card is that of measures and notes, which is taller. */
  readonly hasList: boolean;
}

const CARD_PX = 336;
/** A card pushes the object aside only where this much is left. */
const LEAST_WIDTH_PX = 420;

export function openOf({ isAnnotating, isMeasuring, isPanelOpen, selected }: ViewerState): Open {
  return { isPanelOpen, hasCard: selected !== null || isMeasuring || isAnnotating, hasList: isAnnotating };
}

/** The covered edges of the page's element. */
export function covered(
  view: ViewerState,
  { clientHeight: height, clientWidth: width }: Pick<HTMLElement, "clientHeight" | "clientWidth">,
): Insets {
  const open = openOf(view);
  switch (layoutNow()) {
    case "wide":
      return beside({ top: 84, right: open.isPanelOpen ? PANEL_PX : 16, bottom: 138, left: 16 }, open, width);
    case "narrow":
      return narrow(open, height);
    case "low": {
      const panel = open.isPanelOpen ? Math.min(LOW_PANEL_PX, LOW_PANEL_SHARE * width) + 8 : 0;
      return beside({ top: 66, right: TOOLS_PX + panel, bottom: 64, left: 12 }, open, width);
    }
  }
}

function beside(insets: Insets, { hasCard }: Open, width: number): Insets {
  const isRoom = width - insets.right - CARD_PX >= LEAST_WIDTH_PX;
  return hasCard && isRoom ? { ...insets, left: CARD_PX } : insets;
}

/** On a phone the tools lie beside the object, or above it when sheet or card take the height. */
function narrow({ hasCard, hasList, isPanelOpen }: Open, height: number): Insets {
  if (isPanelOpen) return { top: 126, right: 0, bottom: Math.min(SHEET_SHARE * height, SHEET_PX), left: 0 };
  return hasCard
    ? { top: 126, right: 8, bottom: hasList ? 432 : 304, left: 8 }
    : { top: 72, right: TOOLS_PX + 4, bottom: 140, left: 8 };
}
