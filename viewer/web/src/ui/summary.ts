/** How is the state summarised? As counts for the header, a sentence for screen readers, and attributes. */
import { pointCount } from "../scene/reference";
import type { ProjectState } from "../scene/state";
import { noticeOf } from "../scene/status";
import { points, sentenceCase, versionWords } from "./format";
import { t } from "./language/t";
import { openOf } from "./stage/room";
import type { ViewerState } from "./viewer-state";

/** The title that people gave a project; without one its name: "north-tower" becomes "North tower". */
export function titleOf(name: string, given = ""): string {
  return given || sentenceCase(name.replaceAll("-", " "));
}

/** List the counts, the most important first. A narrow screen shows the first two. */
export function countsOf({ images, scene }: ProjectState): readonly string[] {
  const { shown } = scene;
  const imageCount = t("images", { count: images.imageCount });
  return shown ? [imageCount, points(pointCount(shown)), versionWords(shown.manifest.generation)] : [imageCount];
}

/** The text for screen readers. It contains only what changes rarely. */
export function announcementOf({ images, link, scene }: ProjectState): string {
  if (link.kind === "lost") return t("lost");
  const version = scene.shown ? [versionWords(scene.shown.manifest.generation)] : [];
  const rebuilding = images.refetch ? [t("chip.rebuilding")] : [];
  return [t("images", { count: images.imageCount }), ...version, ...rebuilding].join(", ");
}

/** The attributes of the element: the state as numbers and single words, for scripts and tests. */
export function attributesOf(
  project: ProjectState | null,
  view: ViewerState,
  pointsShown: number,
): Record<string, string> {
  const shown = project?.scene.shown ?? null;
  const values = {
    link: project?.link.kind ?? "none",
    generation: shown?.manifest.generation ?? 0,
    revision: shown?.manifest.revision ?? 0,
    "points-shown": pointsShown,
    "shards-shown": shown?.loaded.size ?? 0,
    "image-count": project?.images.imageCount ?? 0,
    "swap-count": project?.scene.swapCount ?? 0,
    watchers: project?.watchers.size ?? 0,
    notice: view.trouble ?? (project ? (noticeOf(project)?.kind ?? "none") : "login"),
    panel: view.isPanelOpen ? "open" : "closed",
    advised: view.isAdvised,
    card: openOf(view).card ? "open" : "closed",
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
