/** Which part of the canvas is free of header, tools, cards and panels? Their sizes in each layout, in CSS pixels. */
import type { Insets } from "../../render/insets";
import {
  CARD_SHARE,
  LOW_BANNER_PX,
  LOW_PANEL_PX,
  LOW_PANEL_SHARE,
  PANEL_PX,
  SHEET_PX,
  SHEET_SHARE,
  TABLET_PX,
  TOOLS_IN_TWO_PX,
  TOOLS_PX,
} from "../breakpoints";
import { layoutNow } from "../device";
import type { ViewerState } from "../viewer-state";

export const NOTHING_COVERED: Insets = { top: 0, right: 0, bottom: 0, left: 0 };

/** What is open: the panel, and a card on the left, of an image, the measurement, measures and notes, or coverage. */
interface Open {
  readonly isPanelOpen: boolean;
  readonly card: "low" | "list" | null;
  readonly isAdvised: boolean;
}

/** From the left edge to the object beside a card; beside coverage and measures in a wide window. */
const CARD_PX = 336;
const LIST_PX = 408;
/** How far a banner of two lines reaches down: below the header; in a tablet below the signs, with its button under the words. */
const BANNER_BOTTOM_PX = 156;
const TABLET_BANNER_BOTTOM_PX = 218;
const PHONE_BANNER_BOTTOM_PX = 164;
/** On a phone, the height of the sheet with the line of advice above it. */
const ADVISED_PX = 218;
/** A card pushes the object aside only where this much is left. */
const LEAST_WIDTH_PX = 260;

export function openOf(view: ViewerState): Open {
  const { hasCoverage, isAdvised, isAnnotating, isMeasuring, isPanelOpen, selected } = view;
  if (isAnnotating) return { isAdvised, isPanelOpen, card: "list" };
  if (selected !== null || isMeasuring) return { isAdvised, isPanelOpen, card: "low" };
  return { isAdvised, isPanelOpen, card: hasCoverage ? "list" : null };
}

/** The covered edges of the page's element, with a banner that stays or without. */
export function covered(
  view: ViewerState,
  { clientHeight: height, clientWidth: width }: Pick<HTMLElement, "clientHeight" | "clientWidth">,
  hasBanner: boolean,
): Insets {
  const open = openOf(view);
  switch (layoutNow()) {
    case "wide": {
      const top = !hasBanner ? 84 : width > TABLET_PX ? BANNER_BOTTOM_PX : TABLET_BANNER_BOTTOM_PX;
      const insets = { top, right: open.isPanelOpen ? PANEL_PX : 16, bottom: 138, left: 16 };
      return beside(insets, open, width, open.card === "list" ? LIST_PX : CARD_PX);
    }
    case "narrow":
      return narrow(open, height, hasBanner);
    case "low": {
      const panel = open.isPanelOpen ? Math.min(LOW_PANEL_PX, LOW_PANEL_SHARE * width) + 8 : 0;
      const tools = open.card || open.isPanelOpen ? TOOLS_PX : TOOLS_IN_TWO_PX;
      const right = tools + panel;
      const isBanner = hasBanner && !open.card && !open.isPanelOpen && width - right - LOW_BANNER_PX >= LEAST_WIDTH_PX;
      return beside({ top: 66, right, bottom: 64, left: isBanner ? LOW_BANNER_PX + 24 : 12 }, open, width);
    }
  }
}

function beside(insets: Insets, { card }: Open, width: number, left = CARD_PX): Insets {
  const isRoom = width - insets.right - left >= LEAST_WIDTH_PX;
  return card && isRoom ? { ...insets, left } : insets;
}

/** On a phone the tools lie beside the object, or above it when sheet or card take the height. */
function narrow({ card, isAdvised, isPanelOpen }: Open, height: number, hasBanner: boolean): Insets {
  if (isPanelOpen) return { top: 126, right: 0, bottom: Math.min(SHEET_SHARE * height, SHEET_PX), left: 0 };
  const top = card ? 126 : 72;
  switch (card) {
    case "low":
      return { top, right: 8, bottom: 304, left: 8 };
    case "list":
      return { top, right: 8, bottom: 152 + CARD_SHARE * height, left: 8 };
    case null:
      return {
        top: hasBanner ? PHONE_BANNER_BOTTOM_PX : top,
        right: TOOLS_PX + 4,
        bottom: isAdvised ? ADVISED_PX : 140,
        left: 8,
      };
  }
}
