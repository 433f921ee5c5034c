/** How are the team's rigs? Their presence and health, and the last photograph that came from each. Pure. */
import type { AgentHealth, AgentState } from "../wire/contract";
import type { ReadMessage } from "../wire/messages";
import type { ImageTrack, ImagesState } from "./images";

export interface Rig {
  readonly agent: string;
  readonly state: AgentState | null;
  readonly health: AgentHealth | null;
  /** When its health was measured here first, by this device's clock; null before. */
  readonly healthAtMs: number | null;
}

export type Rigs = ReadonlyMap<string, Rig>;

/** `capturing` and `idle` rigs are online. */
export type RigStatus = "capturing" | "idle" | "finished" | "offline";

/** What is worth a look at a rig. */
export type RigWarning =
  | { readonly kind: "disk"; readonly freeBytes: number }
  | { readonly kind: "hot"; readonly degrees: number }
  | { readonly kind: "throttled" }
  | { readonly kind: "battery"; readonly ratio: number }
  | { readonly kind: "clock" }
  | { readonly kind: "left" }
  | { readonly kind: "alarm"; readonly name: string };

const LEAST_DISK_BYTES = 1_000_000_000;
const HOT_DEG = 80; // a Raspberry Pi slows down from here on
const LEAST_BATTERY = 0.2;
const RIG_PREFIX = /^rig-/;
const MOST_RIGS = 200;
const SESSION_NAME_LENGTH = 30; // of a rig's name, in the sessions of its images (broker/ids.py)
const PLACE_AND_DIGEST = /-[0-9]{6}-[0-9a-f]{16}$/;

/** Reduce one message. A message without rig data returns the same map. */
export function rigsAfter(rigs: Rigs, message: ReadMessage, atMs: number): Rigs {
  if (message.type !== "agent_state" && message.type !== "agent_health") return rigs;
  const { agent } = message;
  if (!rigs.has(agent) && rigs.size >= MOST_RIGS) return rigs;
  const before = rigs.get(agent) ?? { agent, state: null, health: null, healthAtMs: null };
  const after =
    message.type === "agent_state" ? { ...before, state: message } : { ...before, health: message, healthAtMs: atMs };
  return new Map(rigs).set(agent, after);
}

/** The rigs by name. */
export function rigsInOrder(rigs: Rigs): readonly Rig[] {
  return [...rigs.values()].sort((one, other) => one.agent.localeCompare(other.agent));
}

export function statusOf({ state }: Rig): RigStatus {
  if (state?.presence === "online") return state.is_capturing ? "capturing" : "idle";
  return state?.is_finished === true ? "finished" : "offline";
}

/** The name of a rig without the prefix that all of them have. */
export function rigName(agent: string): string {
  return agent.replace(RIG_PREFIX, "");
}

/** The photographs that are still on a rig: those to be sent, and those that wait for another project or broker. */
export function waitingOn({ health }: Rig): number | null {
  return health && health.spool_count + health.held_count;
}

/** The newest image that a rig took; null before the first. */
export function lastImageOf(images: ImagesState, agent: string): ImageTrack | null {
  let last: ImageTrack | null = null;
  for (const track of images.tracks.values())
    if (track.number > (last?.number ?? 0) && isOf(agent, track.imageId)) last = track;
  return last;
}

/**
 * Whether an image is of a session of this rig: the rig's name, and mostly one word behind it. Of a long name the
 * beginning is enough. The photographs of `rig-north-2` are not those of `rig-north`.
 */
function isOf(agent: string, imageId: string): boolean {
  if (!imageId.startsWith(agent.slice(0, SESSION_NAME_LENGTH - 1))) return false;
  const session = imageId.replace(PLACE_AND_DIGEST, "");
  const name = session.slice(0, Math.max(0, session.lastIndexOf("-")));
  const isCut = agent.length > SESSION_NAME_LENGTH && name.length >= SESSION_NAME_LENGTH - 1; // it may lose a dash
  return session === agent || name === agent || (isCut && agent.startsWith(name));
}

export function warningsOf(rig: Rig): readonly RigWarning[] {
  const { health } = rig;
  if (!health) return [];
  const found: RigWarning[] = [];
  const { battery_ratio: battery, disk_free_bytes: freeBytes, temperature_deg: degrees } = health;
  if (battery !== null && battery < LEAST_BATTERY) found.push({ kind: "battery", ratio: battery });
  if (freeBytes < LEAST_DISK_BYTES) found.push({ kind: "disk", freeBytes });
  if (degrees !== null && degrees >= HOT_DEG) found.push({ kind: "hot", degrees });
  if (health.is_throttled === true) found.push({ kind: "throttled" });
  if (health.is_clock_synchronised === false) found.push({ kind: "clock" });
  const left = waitingOn(rig) ?? 0;
  if (left > 0 && statusOf(rig) === "offline") found.push({ kind: "left" });
  for (const name of health.alarms) found.push({ kind: "alarm", name });
  return found;
}
