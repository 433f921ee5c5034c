/** What has the person at the page chosen? The state of the page itself, beside the project's; pure. */
import type { Banner } from "../scene/status";
import type { Tab } from "./panels/panel";
import type { GraphicsTrouble } from "./stage-element";
import type { Tool } from "./tools";

export interface ViewerState {
  readonly tab: Tab;
  readonly isPanelOpen: boolean;
  readonly isMeasuring: boolean;
  /** The reason why a length was refused. */
  readonly scaleRefusal: string | null;
  readonly hasCameras: boolean;
  /** Files are held over the page. */
  readonly isDropping: boolean;
  /** Image ids: the one with the card, the one that a mouse points at. */
  readonly selected: string | null;
  readonly pointed: string | null;
  readonly dismissed: ReadonlySet<Banner["kind"]>;
  /** The list of projects is open over a project. */
  readonly isChoosing: boolean;
  readonly trouble: GraphicsTrouble | null;
}

export function initialViewerState(isPanelOpen: boolean): ViewerState {
  return {
    tab: "photos",
    isPanelOpen,
    isMeasuring: false,
    scaleRefusal: null,
    hasCameras: true,
    isDropping: false,
    selected: null,
    pointed: null,
    dismissed: new Set(),
    isChoosing: false,
    trouble: null,
  };
}

/** The state after a tool was used; the same state for a tool that acts on something else. */
export function act(state: ViewerState, tool: Tool): ViewerState {
  switch (tool) {
    case "cameras":
      return { ...state, hasCameras: !state.hasCameras };
    case "measure":
      return { ...state, isMeasuring: !state.isMeasuring, scaleRefusal: null };
    case "panel":
      return { ...state, isPanelOpen: !state.isPanelOpen };
    default:
      return state;
  }
}
