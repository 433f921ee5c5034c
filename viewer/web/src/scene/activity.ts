/** What happened in the project, for people? A log without figures, filled from the history when the page opens. Pure. */
import type { Event, EventHistory } from "../wire/contract";
import type { ReadMessage } from "../wire/messages";
import type { Removal } from "./removal";
import type { Rigs } from "./rigs";

/** The messages that are news for people. */
export type Heard = Extract<
  ReadMessage,
  {
    type:
      | Exclude<Event["type"], "shard_update" | "progress">
      | "reconstructor_state"
      | "agent_state"
      | "scale_bar"
      | "upload_acknowledged"
      | "response";
  }
>;

/** What the page itself found when a rebuild came on screen. */
export interface PointsRemoved {
  readonly type: "points_removed";
  readonly sent_at: string;
  readonly generation: number;
  readonly point_count: number;
}

export type Logged = Heard | PointsRemoved;

/** One line of the activity log. */
export interface Entry {
  readonly number: number;
  readonly atMs: number;
  readonly message: Logged;
}

/** What the page knew before a message: state that comes again is no news. */
export interface Known {
  readonly activity: readonly Entry[];
  readonly presence: string | null;
  readonly rigs: Rigs;
  /** When the scale bar was set; null without one. */
  readonly scaleBarAt: string | null;
}

export const MOST_ENTRIES = 300;

/** The log after a message, the newest entry first. */
export function logged(known: Known, message: ReadMessage, atMs: number): readonly Entry[] {
  const { activity } = known;
  if (!isLogged(message) || !isNews(known, message)) return activity;
  // It is retained: people who open the page later get it, too.
  const sinceMs = message.type === "scale_bar" ? Math.min(atMs, Date.parse(message.sent_at)) : atMs;
  return inOrder([{ number: nextNumber(activity), atMs: sinceMs, message }, ...activity]);
}

/** The log after a rebuild that removed points. */
export function withRemoval(
  activity: readonly Entry[],
  { generation, pointCount }: Pick<Removal, "generation" | "pointCount">,
  atMs: number,
): readonly Entry[] {
  const sentAt = new Date(atMs).toISOString();
  const message: PointsRemoved = { type: "points_removed", sent_at: sentAt, generation, point_count: pointCount };
  return inOrder([{ number: nextNumber(activity), atMs, message }, ...activity]);
}

function nextNumber(activity: readonly Entry[]): number {
  return Math.max(0, ...activity.map((entry) => entry.number)) + 1;
}

/** The log with what happened before this page was opened, or while it had no connection. */
export function withHistory(activity: readonly Entry[], { events }: EventHistory, nowMs: number): readonly Entry[] {
  const known = new Set(activity.map(({ message }) => nameOf(message)));
  const next = nextNumber(activity);
  const past = events
    .filter((event) => event.type !== "shard_update") // an older reconstructor keeps them, too
    .filter((event) => !known.has(nameOf(event)))
    .map((message, at) => ({
      number: next + at,
      atMs: Math.min(nowMs, Date.parse(message.sent_at)),
      message,
    }));
  if (past.length === 0) return activity;
  return inOrder([...activity, ...past]);
}

/** The newest entries: as many as the log shows, and among them the starts that are over. */
function inOrder(activity: readonly Entry[]): readonly Entry[] {
  const newestFirst = (one: Entry, other: Entry): number => other.atMs - one.atMs || other.number - one.number;
  const sorted = [...activity].sort(newestFirst);
  const beyond = shownEntries(sorted)[MOST_ENTRIES];
  return beyond ? sorted.slice(0, sorted.indexOf(beyond)) : sorted;
}

/** The entries that the log shows: the start of an image, or of a rebuild, only until its end. */
export function shownEntries(activity: readonly Entry[]): readonly Entry[] {
  const over = new Set<string>();
  return activity.filter(({ message }) => {
    switch (message.type) {
      case "processing_complete":
        over.add(message.is_refetch ? "refetch" : message.image_id);
        return true;
      case "error":
        if (message.image_id !== null) over.add(message.image_id);
        return true;
      case "processing_started":
        return !over.has(message.image_id);
      case "refetch_starting":
        return !over.delete("refetch");
      default:
        return true;
    }
  });
}

/** Whether an entry tells of something that somebody should look at. */
export function isWarning({ message }: Entry): boolean {
  switch (message.type) {
    case "error":
      return true;
    case "processing_complete":
      return message.state === "rejected" || message.state === "waiting";
    case "upload_acknowledged":
      return message.status === "rejected" || message.retry_at !== null;
    case "agent_state":
      return message.presence === "offline" && !message.is_finished;
    case "reconstructor_state":
      return message.presence !== "ready";
    case "response":
      return !message.is_done;
    default:
      return false;
  }
}

/** The image that an entry is about, by number and id; null for others. */
export function imageOfEntry({ message }: Entry): { readonly number: number; readonly imageId: string } | null {
  if (!("image_number" in message) || message.image_number === null || message.image_id === null) return null;
  if (message.type === "processing_complete" && message.is_refetch) return null;
  return { number: message.image_number, imageId: message.image_id };
}

function isLogged(message: ReadMessage): message is Heard {
  switch (message.type) {
    case "processing_started":
    case "refetch_starting":
    case "processing_complete":
    case "error":
    case "reconstructor_state":
    case "agent_state":
    case "scale_bar":
    case "upload_acknowledged":
    case "response":
      return true;
    default:
      return false;
  }
}

/** Whether a message changes what is known. Retained messages come again at every connection. */
function isNews({ presence, rigs, scaleBarAt }: Known, message: Heard): boolean {
  switch (message.type) {
    case "reconstructor_state":
      return presence === null ? message.presence !== "ready" : message.presence !== presence;
    case "agent_state": {
      const before = rigs.get(message.agent)?.state ?? null;
      return before !== null && (before.presence !== message.presence || before.is_finished !== message.is_finished);
    }
    case "scale_bar":
      return message.sent_at !== scaleBarAt;
    case "response":
      return message.verb !== "ping" && message.verb !== "photograph" && message.verb !== "earlier";
    default:
      return true;
  }
}

/** What tells one event from another: two of a type are not sent in the same microsecond. */
function nameOf({ sent_at: sentAt, type }: Logged): string {
  return `${type} ${sentAt}`;
}
