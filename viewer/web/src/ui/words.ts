/** Which sentences does the page show? Every sentence that depends on the state, in one place. */
import type { Image, ImageState, ImageTrack } from "../scene/images";
import type { Banner, Chip, Notice } from "../scene/status";
import type { ProjectState } from "../scene/state";
import type { Logged } from "../scene/activity";
import { rigName } from "../scene/rigs";
import type { Presence, ProcessingComplete, UploadAcknowledged, Verb } from "../wire/contract";
import { length, percent, points, seconds, sentenceCase, versionWords } from "./format";
import { reasonWords, t } from "./language/t";

/** `isOnline` here and below: whether this device has a network. */
export function chipWords(chip: Chip, isOnline = true): string {
  switch (chip.kind) {
    case "connecting":
    case "reconnecting":
      return t(isOnline ? `chip.${chip.kind}` : "notice.offline");
    case "stale":
      return t(`chip.${chip.presence}`);
    case "rebuilding":
      return chip.doneRatio > 0
        ? t("chip.rebuilding_percent", { percent: percent(chip.doneRatio) })
        : t("chip.rebuilding");
    case "processing":
      return t("chip.processing", { number: chip.number });
    case "loading":
      return t("chip.loading", { percent: percent(chip.doneRatio) });
    default:
      return t(`chip.${chip.kind}`);
  }
}

/** The chip's state in a sentence, for a tooltip and for screen readers. */
export function chipStory(chip: Chip, state: ProjectState, isOnline = true): string {
  const generation = state.scene.shown?.manifest.generation;
  switch (chip.kind) {
    case "stale":
      return staleStory(chip.presence, state);
    case "rebuilding":
      return generation === undefined
        ? t("story.first_version")
        : t("story.rebuilding", {
            photos: t("photos", { count: state.images.imageCount }),
            version: versionWords(generation),
          });
    case "reconnecting":
      return t(isOnline ? "story.reconnecting" : "notice.offline.text");
    default:
      return chipWords(chip, isOnline);
  }
}

/** Why nothing new is shown; a budget that is used up is no full disk. */
function staleStory(presence: "paused" | "disk_full" | "offline", { reconstructor }: ProjectState): string {
  if (presence === "disk_full" && reconstructor?.code === "disk_budget")
    return t("banner.trouble", { reason: reasonWords(reconstructor.code, reconstructor.reason) });
  return t(`story.${presence}`);
}

/** The sentence of a banner. */
export function bannerWords(banner: Banner, state: ProjectState, isOnline = true): string {
  switch (banner.kind) {
    case "reconnecting":
    case "stale":
    case "rebuilding":
      return chipStory(banner, state, isOnline);
    case "trouble":
      return t("banner.trouble", { reason: reasonWords(banner.code, banner.reason) });
    case "failed_shards":
      return t("banner.failed_shards", { count: banner.count });
    case "points_removed":
      return `${removalWords(banner.count)} ${t("banner.thin_now")}`;
    case "uploading":
      return t("banner.uploading", { place: banner.place, total: banner.count });
    case "further_parts":
      return furtherPartsWords(banner.counts);
    case "left_out":
      return t("banner.left_out", { points: points(banner.points) });
  }
}

/** What a rebuild removed. */
function removalWords(count: number): string {
  return t("activity.points_removed", { count });
}

/** Why something stands beside the object. `counts`: the photos of each further part. */
export function furtherPartsWords(counts: readonly number[]): string {
  const count = counts.reduce((sum, each) => sum + each, 0);
  return counts.length === 1
    ? t("banner.second_part", { count })
    : t("banner.further_parts", { count, parts: counts.length });
}

/** The warning that this device shows only a part of the points. */
export function budgetWords(budget: number): string {
  return t("banner.budget", { points: points(budget) });
}

export interface NoticeWords {
  readonly title: string;
  readonly text: string;
}

/** `isOnline`: whether this device has a network. `isKeeping`: whether the browser keeps photographs over a reload. */
export function noticeWords(
  { kind }: Notice,
  { project }: ProjectState,
  isOnline = true,
  isKeeping = true,
): NoticeWords {
  if (kind === "unreachable" && !isOnline)
    return { title: t("notice.offline"), text: t(isKeeping ? "notice.offline.text" : "kept.none") };
  const title = kind === "no_project" ? t("notice.no_project", { project }) : t(`notice.${kind}`);
  return { title, text: t(`notice.${kind}.text`) };
}

export function imageStateWords(state: ImageState): string {
  return sentenceCase(t(`image.${state}`));
}

/** One line that names an image and tells its state. */
export function imageWords({ fileName, hasOriginal, number, state }: ImageTrack): string {
  const name = t("image.number", { number });
  const image = fileName === null ? name : `${name}, ${fileName}`;
  const words = t("image.state", { image, state: t(`image.${state}`) });
  return hasOriginal ? words : `${words}. ${t("image.preview_only")}`;
}

export function imageTitle({ number }: Image): string {
  return number === null ? t("image.no_number") : t("image.number", { number });
}

export type Tone = "plain" | "good" | "busy" | "bad";

export interface ActivityWords {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the activity log. */
export function activityWords(message: Logged): ActivityWords {
  switch (message.type) {
    case "processing_started":
      return { text: t("activity.started", { number: message.image_number }), tone: "busy" };
    case "refetch_starting":
      return { text: t("activity.rebuilding", { version: versionWords(message.next_generation) }), tone: "busy" };
    case "processing_complete":
      return completeWords(message);
    case "points_removed":
      return { text: removalWords(message.point_count), tone: "plain" };
    case "error":
      return { text: reasonWords(message.code, message.reason), tone: "bad" };
    case "scale_bar":
      return {
        text: t("activity.scale", { user: message.user, length: length(message.distance_m, 1) }),
        tone: "plain",
      };
    case "upload_acknowledged":
      return receiptWords(message);
    default:
      return { text: presenceWords(message), tone: "plain" };
  }
}

/** A receipt as a line of the activity log. */
export function receiptWords({
  code,
  image_number: number,
  reason,
  retry_at: retryAt,
  status,
}: UploadAcknowledged): ActivityWords {
  const why = { reason: reasonWords(code, reason) };
  if (retryAt !== null) return { text: t("receipt.waits", why), tone: "plain" };
  switch (status) {
    case "rejected":
      return { text: t("receipt.rejected", why), tone: "bad" };
    case "previewed":
      return { text: number === null ? t("receipt.previewed") : t("receipt.previewed_as", { number }), tone: "good" };
    case "preview_refused":
      return { text: t("receipt.preview_refused", why), tone: "plain" };
    case "stored":
    case "duplicate":
      return { text: number === null ? t("receipt.stored") : t("receipt.stored_as", { number }), tone: "good" };
  }
}

function presenceWords(message: Extract<Logged, { type: "reconstructor_state" | "agent_state" | "response" }>): string {
  switch (message.type) {
    case "reconstructor_state":
      return t(`activity.${message.presence}`);
    case "agent_state":
      return t(`activity.rig_${message.is_finished ? "finished" : message.presence}`, { rig: rigName(message.agent) });
    case "response":
      return responseWords(message.verb, message.is_done, message.code, message.reason);
  }
}

function responseWords(verb: Verb, isDone: boolean, code: string | null, reason: string | null): string {
  return isDone && verb !== "photograph" && verb !== "earlier"
    ? t(`answer.${verb}`)
    : t("answer.refused", { reason: reasonWords(code, reason) });
}

function completeWords({
  duration_s: durationS,
  image_number: number,
  is_refetch: isRefetch,
  new_point_count: added,
  state,
}: ProcessingComplete): ActivityWords {
  const duration = seconds(durationS);
  if (isRefetch) return { text: t("activity.rebuilt", { duration }), tone: "good" };
  if (state === "waiting") return { text: t("activity.waiting", { number }), tone: "plain" };
  if (state === "rejected") return { text: t("activity.rejected", { number }), tone: "bad" };
  if (added === 0) return { text: t("activity.placed", { number, duration }), tone: "good" };
  return { text: t("activity.placed_points", { number, duration, points: points(added) }), tone: "good" };
}

/** Who has the page open. A person with two pages is named once. */
export function watchersWords(watchers: readonly Presence[]): string {
  const names = [...new Set(watchers.map(({ user }) => user))].sort();
  return t("watching", { count: names.length, names: names.join(", ") });
}

/** What became of photographs that were chosen before a reload; null: this browser keeps none. */
export function keptWords(count: number | null): string {
  return count === null ? t("kept.none") : t("kept", { count });
}
