/** Which images are visible now? Those of the open panel, and those that are chosen or pointed at. Pure. */
import { lastImageOf } from "../../scene/rigs";
import type { ProjectState } from "../../scene/state";
import type { ViewerState } from "../viewer-state";

/** The ids of the visible images. `sighted`: those whose entries in the list of photographs are visible. */
export function visibleImages(
  { isPanelOpen, marked, pointed, selected, tab }: ViewerState,
  project: ProjectState | null,
  sighted: readonly string[],
): readonly string[] {
  const listed = !isPanelOpen || !project ? [] : tab === "photos" ? sighted : tab === "activity" ? newest(project) : [];
  return [pointed, selected, ...marked, ...listed].filter((imageId) => imageId !== null);
}

/** The newest image of each rig. */
function newest({ images, rigs }: ProjectState): readonly string[] {
  return [...rigs.keys()].flatMap((agent) => lastImageOf(images, agent)?.imageId ?? []);
}
