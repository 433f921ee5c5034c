/** How does the project stand, in a few words and in numbers? For the title, for screen readers, for attributes. */
import { pointCount } from "../scene/reference";
import type { ProjectState } from "../scene/state";
import { noticeOf } from "../scene/status";
import { counted, points, sentenceCase, versionWords } from "./format";

/** Project names are levels of a topic; people read them as titles. */
export function titleOf(name: string): string {
  return sentenceCase(name.replaceAll("-", " "));
}

/** The most telling figures first: a narrow screen shows the first two. */
export function countsOf({ images, scene }: ProjectState): readonly string[] {
  const { shown } = scene;
  const imageCount = counted(images.imageCount, "image");
  if (!shown) return [imageCount];
  return [
    points(pointCount(shown)),
    imageCount,
    versionWords(shown.manifest.generation),
    counted(shown.loaded.size, "shard"),
  ];
}

/** Only what changes seldom is read out. */
export function announcementOf({ images, link, scene }: ProjectState): string {
  if (link.kind === "lost") return "The connection was lost.";
  const version = scene.shown ? `, ${versionWords(scene.shown.manifest.generation)}` : "";
  return `${counted(images.imageCount, "image")}${version}${images.refetch ? ", rebuilding" : ""}`;
}

/** What others may see of the state without reading words: attributes, as numbers and single words. */
export function attributesOf(project: ProjectState | null, pointsShown: number): Record<string, string> {
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
    notice: project ? (noticeOf(project)?.kind ?? "none") : "login",
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
