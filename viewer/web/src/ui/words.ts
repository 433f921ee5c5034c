/** Which sentences does the page show? Every sentence that depends on the state, in one place. */
import type { Image, ImageState, ImageTrack } from "../scene/images";
import type { Banner, Chip, Notice } from "../scene/status";
import type { ProjectState } from "../scene/state";
import type { Logged } from "../scene/activity";
import { rigName } from "../scene/rigs";
import type { AgentState, Presence, ProcessingComplete, UploadAcknowledged } from "../wire/contract";
import { counted, length, lowered, percent, points, seconds, sentenceCase, versionWords } from "./format";

export function chipWords(chip: Chip): string {
  switch (chip.kind) {
    case "connecting":
      return "Connecting";
    case "reconnecting":
      return "Reconnecting";
    case "refused":
      return "Access denied";
    case "closed":
      return "Closed";
    case "stale":
      return { paused: "Paused", disk_full: "Disk full", offline: "Offline" }[chip.presence];
    case "rebuilding":
      return chip.doneRatio > 0 ? `Rebuilding ${percent(chip.doneRatio)}` : "Rebuilding";
    case "processing":
      return `Processing ${chip.place}/${chip.every}`;
    case "loading":
      return `Loading ${percent(chip.doneRatio)}`;
    case "waiting":
      return "Ready";
    case "live":
      return "Live";
  }
}

/** The chip's state in a sentence, for a tooltip and for screen readers. */
export function chipStory(chip: Chip, state: ProjectState): string {
  const generation = state.scene.shown?.manifest.generation;
  switch (chip.kind) {
    case "stale":
      return {
        paused: "The reconstruction is paused. New photos are stored and wait.",
        disk_full: "The reconstructor's disk is full. It accepts no photos until there is space.",
        offline: "The reconstructor is offline. You see its last published points. New photos will wait.",
      }[chip.presence];
    case "rebuilding":
      return generation === undefined
        ? "Building the first complete version."
        : `Rebuilding from ${counted(state.images.imageCount, "photo")}. You keep seeing the ${versionWords(generation)}.`;
    case "reconnecting":
      return "The connection was lost. What you see stays. The page reconnects by itself.";
    default:
      return chipWords(chip);
  }
}

/** The sentence of a banner. */
export function bannerWords(banner: Banner, state: ProjectState): string {
  switch (banner.kind) {
    case "reconnecting":
    case "stale":
    case "rebuilding":
      return chipStory(banner, state);
    case "trouble":
      return `New points do not come: ${banner.reason}`;
    case "failed_shards":
      return `${counted(banner.count, "shard")} of the object did not arrive.`;
    case "uploading":
      return `Sending photo ${banner.place} of ${banner.count}. Keep this page open until every photo is stored.`;
    case "further_parts":
      return furtherPartsWords(banner.counts);
    case "budget":
      return budgetWords(banner.points);
    case "left_out":
      return `The server’s room for this project is full. The finest ${points(banner.points)} are not shown here. Exports contain them.`;
  }
}

/** Why something stands beside the object. `counts`: the photos of each further part. */
export function furtherPartsWords(counts: readonly number[]): string {
  const photos = counted(
    counts.reduce((sum, count) => sum + count, 0),
    "photo",
  );
  return counts.length === 1
    ? `Second part: ${photos} fit each other but not the rest. They stand beside it, not measured. Photograph what joins them.`
    : `${counts.length} further parts: ${photos} fit each other but not the rest. They stand beside it, not measured. Photograph what joins them.`;
}

/** The warning that this device shows only a part of the points. */
export function budgetWords(budget: number): string {
  return `This device shows the coarsest ${points(budget)}. The finest points are left out.`;
}

export interface NoticeWords {
  readonly title: string;
  readonly text: string;
}

export function noticeWords(notice: Notice, state: ProjectState): NoticeWords {
  switch (notice.kind) {
    case "unreachable":
      return {
        title: "Cannot reach the server",
        text: "Are you on the site’s network? The page keeps trying by itself.",
      };
    case "refused":
      return {
        title: "Access denied",
        text: "The name, the password or the project is wrong. Ask the person who runs the site.",
      };
    case "no_project":
      return {
        title: `Unknown project “${state.project}”`,
        text: "This project does not exist, or you may not see it.",
      };
    case "empty":
      return { title: "Waiting for the first photo", text: "The object appears here as soon as photos arrive." };
    case "first_image":
      return {
        title: "Placing the first photos",
        text: "Two photos that overlap are enough to begin. Keep walking around the object.",
      };
    case "loading":
      return { title: "Loading", text: "Coarse points come first, then the details." };
  }
}

const IMAGE_STATES: Readonly<Record<ImageState, string>> = {
  queued: "In the queue",
  processing: "Being placed",
  placed: "Placed",
  waiting: "Waiting for overlap",
  rejected: "Not usable",
  failed: "Failed",
};

export function imageStateWords(state: ImageState): string {
  return IMAGE_STATES[state];
}

/** The words for an image of which only the preview has come. */
export const PREVIEW_ONLY = "Preview only: full size not here yet";

/** One line that names an image and tells its state. */
export function imageWords({ fileName, hasOriginal, number, state }: ImageTrack): string {
  const name = fileName === null ? `Image ${number}` : `Image ${number}, ${fileName}`;
  const words = `${name}: ${lowered(imageStateWords(state))}`;
  return hasOriginal ? words : `${words}. ${PREVIEW_ONLY}`;
}

export function imageTitle({ number }: Image): string {
  return number === null ? "Image without a number" : `Image ${number}`;
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
      return { text: `Image ${message.image_number} is being placed`, tone: "busy" };
    case "refetch_starting":
      return { text: `Building the ${versionWords(message.next_generation)}`, tone: "busy" };
    case "progress":
      return { text: `${spaced(message.stage)} ${percent(message.done_ratio)}`, tone: "plain" };
    case "shard_update": {
      const added = counted(message.shards.length, "shard");
      return {
        text: `Image ${message.image_number} added ${added}, ${points(message.point_count)} in total`,
        tone: "good",
      };
    }
    case "processing_complete":
      return completeWords(message);
    case "error":
      return { text: message.reason, tone: "bad" };
    case "scale_bar":
      return { text: `${message.user} set a scale bar of ${length(message.distance_m, 1)}`, tone: "plain" };
    case "upload_acknowledged":
      return receiptWords(message);
    default:
      return { text: presenceWords(message), tone: "plain" };
  }
}

/** A receipt as a line of the activity log. */
export function receiptWords({
  image_number: number,
  reason,
  retry_at: retryAt,
  status,
}: UploadAcknowledged): ActivityWords {
  const as = number === null ? "" : ` as image ${number}`;
  if (retryAt !== null) return { text: `A photo has to wait: ${reason ?? "no reason given"}`, tone: "plain" };
  switch (status) {
    case "rejected":
      return { text: `A photo was not accepted: ${reason ?? "no reason given"}`, tone: "bad" };
    case "previewed":
      return { text: `The preview of your photo is here${as}. Its full size is still to come`, tone: "good" };
    case "preview_refused":
      return {
        text: `A preview was not used: ${reason ?? "no reason given"}. The photo is sent as it is`,
        tone: "plain",
      };
    case "stored":
    case "duplicate":
      return { text: `Your photo is stored${as}`, tone: "good" };
  }
}

function presenceWords(
  message: Extract<
    Logged,
    {
      type: "reconstructor_state" | "agent_state" | "response";
    }
  >,
): string {
  switch (message.type) {
    case "reconstructor_state":
      return {
        ready: "The reconstructor is ready",
        paused: "The reconstructor is paused",
        disk_full: "The reconstructor's disk is full",
        offline: "The reconstructor is offline",
      }[message.presence];
    case "agent_state":
      return rigStateWords(message);
    case "response":
      return responseWords(message.verb, message.is_done, message.republished_count, message.reason);
  }
}

function rigStateWords({ agent, is_finished: isFinished, presence, reason }: AgentState): string {
  const name = `Rig ${rigName(agent)}`;
  if (presence === "online") return `${name} is there`;
  if (isFinished) return `${name} has finished`;
  return reason === null ? `${name} is offline` : `${name} is offline: ${reason}`;
}

function responseWords(verb: string, isDone: boolean, republished: number, reason: string | null): string {
  if (!isDone) return `${spaced(verb)} was refused: ${reason ?? "no reason given"}`;
  if (verb === "ping") return "The reconstructor answered";
  return verb === "resync" ? `Resync done, ${counted(republished, "shard")} published again` : `${spaced(verb)} done`;
}

function completeWords({
  duration_s: durationS,
  image_number: number,
  is_refetch: isRefetch,
  new_point_count: newPoints,
  state,
}: ProcessingComplete): ActivityWords {
  const took = seconds(durationS);
  if (isRefetch) return { text: `Rebuilt from all images in ${took}`, tone: "good" };
  if (state === "waiting") return { text: `Image ${number} waits for more overlap`, tone: "plain" };
  if (state === "rejected") return { text: `Image ${number} could not be used`, tone: "bad" };
  const added = newPoints > 0 ? `, ${points(newPoints)} added` : "";
  return { text: `Image ${number} placed in ${took}${added}`, tone: "good" };
}

/** A name from the wire as words. */
function spaced(name: string): string {
  return sentenceCase(name.replaceAll("_", " "));
}

/** Who has the page open. A person with two pages is named once. */
export function watchersWords(watchers: readonly Presence[]): string {
  const names = [...new Set(watchers.map(({ user }) => user))].sort();
  return `${names.join(", ")} ${names.length === 1 ? "is" : "are"} watching`;
}

/** What became of photographs that were chosen before a reload; null: this browser keeps none. */
export function keptWords(count: number | null): string {
  if (count === null) return "This browser keeps no photos: leave this page open until they are sent";
  return count === 1 ? "1 photo was kept and is sent now" : `${count} photos were kept and are sent now`;
}
