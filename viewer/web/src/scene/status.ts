/** Which status does the page show? Chip, notice and banner, chosen by priority from the state. Pure. */
import { furtherComponents } from "./components";
import { isComplete, pointCount } from "./reference";
import type { ProjectState } from "./state";
import { isOver } from "./uploading/uploads";

export type Chip =
  | { readonly kind: "connecting" }
  | { readonly kind: "reconnecting" }
  | { readonly kind: "refused" }
  | { readonly kind: "closed" }
  | { readonly kind: "stale"; readonly presence: "paused" | "disk_full" | "offline" }
  | { readonly kind: "rebuilding"; readonly doneRatio: number }
  | { readonly kind: "processing"; readonly number: number }
  | { readonly kind: "loading"; readonly doneRatio: number }
  | { readonly kind: "waiting" }
  | { readonly kind: "unknown" }
  | { readonly kind: "live" };

export type Notice =
  | { readonly kind: "unreachable" }
  | { readonly kind: "held_back" }
  | { readonly kind: "refused" }
  | { readonly kind: "no_project" }
  | { readonly kind: "empty" }
  | { readonly kind: "loading" }
  | { readonly kind: "first_image" };

/** A line above the object, the most urgent kind first. */
export type Banner =
  | { readonly kind: "reconnecting" }
  | { readonly kind: "stale"; readonly presence: "paused" | "disk_full" | "offline" }
  | { readonly kind: "trouble"; readonly code: string; readonly reason: string | null }
  | { readonly kind: "failed_shards"; readonly count: number }
  | { readonly kind: "points_removed"; readonly count: number }
  | { readonly kind: "uploading"; readonly place: number; readonly count: number; readonly doneRatio: number }
  | { readonly kind: "rebuilding"; readonly doneRatio: number }
  | { readonly kind: "further_parts"; readonly counts: readonly number[] }
  | { readonly kind: "left_out"; readonly points: number };

/** The number of failed attempts after which the page says that the server cannot be reached. */
const PATIENT_ATTEMPTS = 2;

export function chipOf(state: ProjectState): Chip {
  switch (state.link.kind) {
    case "connecting":
    case "refused":
    case "closed":
      return { kind: state.link.kind };
    case "lost":
      return { kind: state.scene.shown ? "reconnecting" : "connecting" };
    case "connected":
      return connectedChip(state);
  }
}

function connectedChip(state: ProjectState): Chip {
  const { images, reconstructor, scene } = state;
  if (reconstructor && reconstructor.presence !== "ready") return { kind: "stale", presence: reconstructor.presence };
  if (images.refetch) return { kind: "rebuilding", doneRatio: images.refetch.doneRatio };
  if (images.processing !== null) return { kind: "processing", number: images.processing };
  const set = scene.coming ?? scene.shown;
  if (set && !isComplete(set)) return { kind: "loading", doneRatio: loadedRatio(state) };
  if (scene.shown) return { kind: "live" };
  if (reconstructor) return { kind: "waiting" };
  return { kind: state.isSilent ? "unknown" : "connecting" };
}

/** The notice in the middle of the screen while no point is shown; null when there are points. */
export function noticeOf(state: ProjectState): Notice | null {
  const { link, reconstructor, scene } = state;
  if (pointCount(scene.shown) > 0) return null;
  if (link.kind === "refused") return { kind: "refused" };
  if (link.kind === "lost" && link.isHeldBack) return { kind: "held_back" };
  if (link.kind === "lost" && link.attempt >= PATIENT_ATTEMPTS) return { kind: "unreachable" };
  if (link.kind !== "connected" || scene.shown) return { kind: "loading" };
  if (reconstructor && !reconstructor.has_manifest)
    return { kind: reconstructor.image_count > 0 || state.images.imageCount > 0 ? "first_image" : "empty" };
  return { kind: state.isSilent ? "no_project" : "loading" };
}

/** The most urgent banner that this visitor has not dismissed; null without one. */
export function bannerOf(state: ProjectState, dismissed: ReadonlySet<Banner["kind"]> = new Set()): Banner | null {
  return bannersOf(state).find(({ kind }) => !dismissed.has(kind)) ?? null;
}

/** Banners that stay until something is done, or for hours. The others come and go with every photograph. */
const LASTING: ReadonlySet<Banner["kind"]> = new Set([
  "stale",
  "trouble",
  "failed_shards",
  "further_parts",
  "left_out",
]);

/** Whether a banner stays so long that the object makes room for it. */
export function hasLastingBanner(state: ProjectState, dismissed: ReadonlySet<Banner["kind"]>): boolean {
  const banner = bannerOf(state, dismissed);
  return banner !== null && LASTING.has(banner.kind);
}

function bannersOf(state: ProjectState): Banner[] {
  const { images, link, reconstructor, scene, traffic, uploads } = state;
  const isShown = pointCount(scene.shown) > 0;
  if (link.kind === "lost") return isShown ? [{ kind: "reconnecting" }] : [];
  if (link.kind !== "connected") return [];
  const found: Banner[] = [];
  const over = uploads.filter(isOver).length;
  if (reconstructor && reconstructor.presence !== "ready")
    found.push({ kind: "stale", presence: reconstructor.presence });
  else if (reconstructor && reconstructor.code !== null)
    found.push({ kind: "trouble", code: reconstructor.code, reason: reconstructor.reason });
  if (traffic.failedShards > 0) found.push({ kind: "failed_shards", count: traffic.failedShards });
  if (state.removal) found.push({ kind: "points_removed", count: state.removal.pointCount }); // for a short time
  if (over < uploads.length)
    found.push({ kind: "uploading", place: over + 1, count: uploads.length, doneRatio: over / uploads.length });
  if (images.refetch) found.push({ kind: "rebuilding", doneRatio: images.refetch.doneRatio });
  const counts = furtherComponents(scene.shown?.manifest.components ?? []).map(({ image_count: count }) => count);
  if (counts.length > 0) found.push({ kind: "further_parts", counts });
  const leftOut = scene.shown?.manifest.left_out.point_count ?? 0;
  if (leftOut > 0) found.push({ kind: "left_out", points: leftOut });
  return found;
}

/** The loaded share of the points that this device will hold, 0 to 1. */
export function loadedRatio(state: ProjectState): number {
  const { budget, coming, shown } = state.scene;
  const set = coming ?? shown;
  if (!set) return 0;
  return Math.min(1, pointCount(set) / Math.min(set.manifest.point_count, budget.points));
}

/** Whether this device shows only a part of the shards. */
export function isBudgetReached(state: ProjectState): boolean {
  const { shown } = state.scene;
  return shown !== null && shown.plan.length < shown.shards.length;
}
