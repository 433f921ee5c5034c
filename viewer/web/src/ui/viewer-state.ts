/** What has the visitor chosen? The state of the page's controls, apart from the project's state. Pure. */
import type { Banner } from "../scene/status";
import type { Tab } from "./panels/panel";
import type { Waits } from "./photographs/waits";
import { NOTHING_WAITS } from "./photographs/waits";
import type { GraphicsTrouble } from "./stage/stage-element";
import type { Tool } from "./tools";

export interface ViewerState {
  readonly tab: Tab;
  readonly isPanelOpen: boolean;
  readonly isMeasuring: boolean;
  /** Whether the card of measures and notes is open. */
  readonly isAnnotating: boolean;
  /** The reason why a length was refused. */
  readonly scaleRefusal: string | null;
  readonly hasCameras: boolean;
  /** Whether coverage is shown, and the ids of the images that it marks. */
  readonly hasCoverage: boolean;
  readonly marked: readonly string[];
  /** Whether a line says where to stand next. */
  readonly isAdvised: boolean;
  /** Whether files are dragged over the page. */
  readonly isDropping: boolean;
  /** Image ids: the image with the card, and the image under the mouse. */
  readonly selected: string | null;
  readonly pointed: string | null;
  /** The image whose photograph fills the screen, and how much of the selected one lies over the object. */
  readonly opened: string | null;
  readonly laidOver: number | null;
  readonly dismissed: ReadonlySet<Banner["kind"]>;
  /** Whether the dialog with the projects is open. */
  readonly isChoosing: boolean;
  /** How many photographs wait of a guest who wants to log out; null: the guest was not asked about them. */
  readonly unsentCount: number | null;
  /** The photographs that wait in this browser. */
  readonly waits: Waits;
  /** Whether this account may invite to the project, and whether the dialog for it is open. */
  readonly canInvite: boolean;
  readonly isSharing: boolean;
  /** Whether the list of keys is open. */
  readonly hasKeys: boolean;
  /** Whether the dialog for exports is open. */
  readonly isExporting: boolean;
  /** Whether the views for documentation are open. */
  readonly hasViews: boolean;
  readonly trouble: GraphicsTrouble | null;
}

export function initialViewerState(isPanelOpen: boolean): ViewerState {
  return {
    tab: "photos",
    isPanelOpen,
    isMeasuring: false,
    isAnnotating: false,
    scaleRefusal: null,
    hasCameras: true,
    hasCoverage: false,
    marked: [],
    isAdvised: false,
    isDropping: false,
    selected: null,
    pointed: null,
    opened: null,
    laidOver: null,
    dismissed: new Set(),
    isChoosing: false,
    unsentCount: null,
    waits: NOTHING_WAITS,
    canInvite: false,
    isSharing: false,
    hasKeys: false,
    isExporting: false,
    hasViews: false,
    trouble: null,
  };
}

/** No card on the left. */
export const CLOSED_CARDS = {
  hasCoverage: false,
  isAnnotating: false,
  isMeasuring: false,
  selected: null,
  laidOver: null,
} as const satisfies Partial<ViewerState>;

/** What is closed when a project is left. */
export const NOTHING_OPEN = {
  ...CLOSED_CARDS,
  marked: [],
  scaleRefusal: null,
  pointed: null,
  opened: null,
  unsentCount: null,
  waits: NOTHING_WAITS,
  canInvite: false,
  isSharing: false,
  isExporting: false,
  hasViews: false,
  isAdvised: false,
} as const satisfies Partial<ViewerState>;

/** Apply a tool. A tool that does not change this state returns the same state. */
export function act(state: ViewerState, tool: Tool): ViewerState {
  switch (tool) {
    case "cameras":
      return { ...state, hasCameras: !state.hasCameras };
    case "measure":
      return { ...state, isMeasuring: !state.isMeasuring, isAnnotating: false, hasCoverage: false, scaleRefusal: null };
    case "notes":
      return { ...state, isAnnotating: !state.isAnnotating, isMeasuring: false, hasCoverage: false };
    case "coverage":
      return { ...state, ...CLOSED_CARDS, hasCoverage: !state.hasCoverage };
    case "keys":
      return { ...state, hasKeys: true };
    case "cloud":
      return { ...state, isExporting: true };
    case "views":
      return { ...state, hasViews: true };
    case "fit":
    case "front":
    case "side":
    case "top":
      return { ...state, laidOver: null }; // its field of view is for the photograph
    case "panel":
      return { ...state, isPanelOpen: !state.isPanelOpen };
    default:
      return state;
  }
}
