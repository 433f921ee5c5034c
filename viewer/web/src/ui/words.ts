/** What does the page say? Every sentence that depends on the state, in one place. */
import type { Image, ImageState } from "../scene/images";
import type { Banner, Chip, Notice } from "../scene/status";
import type { ProjectState } from "../scene/state";
import type { Upload } from "../scene/uploads";
import type { ReadMessage } from "../wire/messages";
import { bytes, compact, percent, seconds } from "./format";

export function chipWords(chip: Chip): string {
  switch (chip.kind) {
    case "connecting":
      return "Connecting";
    case "reconnecting":
      return "Reconnecting";
    case "refused":
      return "Not let in";
    case "closed":
      return "Left";
    case "stale":
      return { paused: "Paused", disk_full: "Disk full", offline: "Stale" }[chip.presence];
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

/** A longer word on the chip's state, for a tooltip and for screen readers. */
export function chipStory(chip: Chip, state: ProjectState): string {
  const generation = state.scene.shown?.manifest.generation;
  switch (chip.kind) {
    case "stale":
      return {
        paused: "The reconstruction is paused. Photos are kept and wait.",
        disk_full: "The reconstructor's disk is full: it takes no photos until there is room.",
        offline: "The reconstructor is away. You see what it last published; photos you add will wait.",
      }[chip.presence];
    case "rebuilding":
      return generation === undefined
        ? "Building the first complete reconstruction."
        : `Rebuilding from all ${state.images.imageCount} photos. You keep seeing generation ${generation}.`;
    case "reconnecting":
      return "The connection was lost. What you see stays; it continues by itself.";
    default:
      return chipWords(chip);
  }
}

/** One sentence above the object. */
export function bannerWords(banner: Banner, state: ProjectState): string {
  switch (banner.kind) {
    case "reconnecting":
    case "stale":
    case "rebuilding":
      return chipStory(banner, state);
    case "failed_shards":
      return `${banner.count} ${banner.count === 1 ? "part of the object" : "parts of the object"} did not come.`;
    case "uploading":
      return `Sending photo ${banner.place} of ${banner.count}. Keep this page open until each is safe.`;
    case "budget":
      return `This device shows the coarser ${compact(banner.points)} points; the finest are left out.`;
  }
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
      return { title: "Not let in", text: "Name, password or project do not fit. Ask the person who runs the site." };
    case "no_project":
      return {
        title: `Nothing known of “${state.project}”`,
        text: "There is no such project here, or you may not see it.",
      };
    case "empty":
      return { title: "Waiting for the first image", text: "The object appears here as soon as photos arrive." };
    case "first_image":
      return {
        title: "The first stones are being set",
        text: "Two photos that overlap are enough for a beginning. Keep walking around the object.",
      };
    case "loading":
      return { title: "Loading", text: "The whole comes first, then the detail." };
  }
}

export function uploadWords(upload: Upload): string {
  switch (upload.state) {
    case "queued":
      return "Waiting its turn";
    case "reading":
      return "Reading";
    case "sending":
      return upload.sentBytes > 0
        ? `${bytes(upload.sentBytes)} of ${bytes(upload.sizeBytes)} sent`
        : `Sending ${bytes(upload.sizeBytes)}`;
    case "sent":
      return "Sent, waiting for the receipt";
    case "stored":
      return upload.imageNumber === null ? "Safe" : `Safe as image ${upload.imageNumber}`;
    case "duplicate":
      return upload.imageNumber === null ? "Was here already" : `Was here already, as image ${upload.imageNumber}`;
    case "rejected":
    case "failed":
      return upload.reason ?? "Not taken";
  }
}

const IMAGE_STATES: Readonly<Record<ImageState, string>> = {
  queued: "In the queue",
  processing: "Being placed",
  placed: "Placed",
  waiting: "Waits for overlap",
  rejected: "Not usable",
  failed: "Failed",
};

export function imageStateWords(state: ImageState): string {
  return IMAGE_STATES[state];
}

export function imageTitle({ number }: Image): string {
  return number === null ? "Image without a number" : `Image ${number}`;
}

export type Tone = "plain" | "good" | "busy" | "bad";

/** One line of the activity log. */
export function activityWords(message: ReadMessage): { readonly text: string; readonly tone: Tone } {
  switch (message.type) {
    case "processing_started":
      return { text: `Image ${message.image_number} is being placed`, tone: "busy" };
    case "refetch_starting":
      return { text: `Rebuilding everything as generation ${message.next_generation}`, tone: "busy" };
    case "progress":
      return { text: `${sentenceCase(message.stage)} ${percent(message.done_ratio)}`, tone: "plain" };
    case "shard_update":
      return {
        text: `Image ${message.image_number} brought ${message.shards.length} shards, ${compact(message.point_count)} points in all`,
        tone: "good",
      };
    case "processing_complete":
      return completeWords(message.image_number, message.state, message.duration_s, message.is_refetch);
    case "error":
      return { text: message.reason, tone: "bad" };
    case "manifest":
      return {
        text: `Generation ${message.generation}.${message.revision}: ${compact(message.point_count)} points from ${message.image_count} images`,
        tone: "good",
      };
    case "cameras":
      return {
        text: `${message.cameras.filter(({ state }) => state === "placed").length} cameras placed`,
        tone: "plain",
      };
    case "scale_bar":
      return { text: `${message.user} set a scale bar of ${message.distance_m} m`, tone: "plain" };
    case "upload_acknowledged":
      return message.status === "rejected"
        ? { text: `A photo was not taken: ${message.reason ?? "no reason given"}`, tone: "bad" }
        : {
            text: `Your photo is safe${message.image_number === null ? "" : ` as image ${message.image_number}`}`,
            tone: "good",
          };
    default:
      return { text: presenceWords(message), tone: "plain" };
  }
}

function presenceWords(
  message: Extract<
    ReadMessage,
    { type: "missing" | "reconstructor_state" | "reconstructor_statistics" | "presence" | "agent_state" | "response" }
  >,
): string {
  switch (message.type) {
    case "reconstructor_state":
      return `Reconstructor is ${message.presence.replace("_", " ")}`;
    case "reconstructor_statistics":
      return `${message.placed_count} of ${message.stored_count} images placed`;
    case "presence":
      return `${message.user} is watching`;
    case "agent_state":
      return `Rig ${message.agent.replace(/^rig-/, "")} is ${message.presence}`;
    case "missing":
      return "The reconstructor waits for pieces of a photo";
    case "response":
      return responseWords(message.verb, message.is_done, message.republished_count, message.reason);
  }
}

function responseWords(verb: string, isDone: boolean, republished: number, reason: string | null): string {
  if (!isDone) return `${sentenceCase(verb)} was refused: ${reason ?? "no reason given"}`;
  if (verb === "ping") return "The reconstructor answered";
  return verb === "resync" ? `Resync done, ${republished} shards published again` : `${sentenceCase(verb)} done`;
}

function completeWords(
  number: number,
  state: "placed" | "waiting" | "rejected" | "unknown",
  durationS: number,
  isRefetch: boolean,
): { readonly text: string; readonly tone: Tone } {
  const took = seconds(durationS);
  if (isRefetch) return { text: `Rebuilt from all images in ${took}`, tone: "good" };
  if (state === "waiting") return { text: `Image ${number} waits for more overlap`, tone: "plain" };
  if (state === "rejected") return { text: `Image ${number} could not be used`, tone: "bad" };
  return { text: `Image ${number} placed in ${took}`, tone: "good" };
}

function sentenceCase(word: string): string {
  const spaced = word.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
