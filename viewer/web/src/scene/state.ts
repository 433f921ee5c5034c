/** What does the page know of one project, and how does that change? A reducer over actions. Pure. */
import type { Presence, ReconstructorState, ReconstructorStatistics, ScaleBar, Verb } from "../wire/contract";
import type { LinkState } from "../wire/connection";
import type { ReadMessage } from "../wire/messages";
import type { Entry, Known } from "./activity";
import { logged, withHistory, withRemoval } from "./activity";
import type { ImagesState } from "./images";
import { NO_IMAGES, imagesAfter, withImages } from "./images";
import type { LatencyState } from "./latency";
import {
  NO_LATENCY,
  latencyAfterImage,
  latencyAfterPong,
  latencyAtConnect,
  latencyAtManifest,
  latencyAtScene,
} from "./latency";
import type { CompleteManifest } from "./loading/pages";
import type { LoadedShard, SceneState } from "./reference";
import { emptyScene, withBudget, withManifest, withShard, withTime } from "./reference";
import type { BeforeRebuild, Removal } from "./removal";
import { REMOVAL_SHOWN_S, beforeRebuild, removedCount } from "./removal";
import type { Refused } from "./requests";
import type { Rigs } from "./rigs";
import { rigsAfter } from "./rigs";
import { barAfterSwap } from "./scale";
import { chained, inverse } from "./similarity";
import type { Thumbnails } from "./thumbnails";
import { withThumbnail } from "./thumbnails";
import type { Upload } from "./uploading/uploads";
import { withChange, withMissing, withReceipt, withUpload, withoutFinished } from "./uploading/uploads";
import type { Budget } from "./wanted";

/** A problem that the page itself found: a damaged shard or an unreadable message. */
export interface Trouble {
  readonly code: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
  readonly failedShards: number;
  readonly lastMessageAtMs: number | null;
}

export interface ProjectState {
  readonly project: string;
  readonly link: LinkState;
  readonly scene: SceneState;
  readonly images: ImagesState;
  readonly reconstructor: ReconstructorState | null;
  readonly statistics: ReconstructorStatistics | null;
  readonly watchers: ReadonlyMap<string, Presence>;
  /** The known distance, in the world of the generation on screen. */
  readonly scaleBar: ScaleBar | null;
  readonly rigs: Rigs;
  /** The verbs of operators that this account may ask for. */
  readonly rights: ReadonlySet<Verb>;
  readonly refused: Refused;
  readonly uploads: readonly Upload[];
  /** The ids of originals that the reconstructor wants before the others. */
  readonly wanted: readonly string[];
  readonly thumbnails: Thumbnails;
  readonly activity: readonly Entry[];
  /** The set on screen when the newest rebuild started. */
  readonly beforeRebuild: BeforeRebuild | null;
  /** What the newest rebuild removed, for a short time after the swap. */
  readonly removal: Removal | null;
  readonly trouble: Trouble | null;
  readonly traffic: Traffic;
  readonly roundTripS: number | null;
  readonly latency: LatencyState;
  readonly isSilent: boolean;
}

/** A message that changes the state by itself. A manifest does so only with all its pages. */
export type News = Exclude<ReadMessage, { readonly type: "manifest" | "manifest_page" | "camera_page" }>;

export type Action =
  | { readonly kind: "link"; readonly link: LinkState }
  | { readonly kind: "message"; readonly message: News; readonly bytes: number }
  | { readonly kind: "manifest"; readonly complete: CompleteManifest; readonly bytes: number }
  | { readonly kind: "shard"; readonly shard: LoadedShard }
  | { readonly kind: "failed_shards"; readonly count: number }
  | { readonly kind: "watcher_left"; readonly connection: string }
  | { readonly kind: "scale_cleared" }
  | { readonly kind: "trouble"; readonly code: string; readonly reason: string }
  | { readonly kind: "budget"; readonly budget: Budget }
  | { readonly kind: "upload"; readonly upload: Upload }
  | { readonly kind: "upload_change"; readonly key: string; readonly change: Partial<Upload> }
  | { readonly kind: "uploads_cleared" }
  | { readonly kind: "thumbnail"; readonly imageId: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "round_trip"; readonly seconds: number }
  | { readonly kind: "rights"; readonly verbs: ReadonlySet<Verb>; readonly refused: Refused }
  | { readonly kind: "silence" }
  | { readonly kind: "time" };

export function initialState(project: string, budget: Budget): ProjectState {
  return {
    project,
    link: { kind: "connecting" },
    scene: emptyScene(budget),
    images: NO_IMAGES,
    reconstructor: null,
    statistics: null,
    watchers: new Map(),
    scaleBar: null,
    rigs: new Map(),
    rights: new Set(),
    refused: { photographs: false, changes: false },
    uploads: [],
    wanted: [],
    thumbnails: new Map(),
    activity: [],
    beforeRebuild: null,
    removal: null,
    trouble: null,
    traffic: { messages: 0, bytes: 0, failedShards: 0, lastMessageAtMs: null },
    roundTripS: null,
    latency: NO_LATENCY,
    isSilent: false,
  };
}

/** Reduce an action. `nowS` is the monotonic clock, `atMs` the wall clock for the log. */
export function reduce(state: ProjectState, action: Action, nowS: number, atMs: number): ProjectState {
  const after = afterSwap(state, next(state, action, nowS, atMs), nowS, atMs);
  const latency = latencyAtScene(after.latency, after.scene, atMs);
  return latency === after.latency ? after : { ...after, latency };
}

/** Move the scale bar and the cameras with the object, in the step that swaps the generations; note what is gone. */
function afterSwap(state: ProjectState, next: ProjectState, nowS: number, atMs: number): ProjectState {
  const [before, now] = [state.scene, next.scene];
  if (now.swapCount === before.swapCount || !before.shown || !now.shown) return next;
  const nowFromBefore = chained(now.shownFromFirst, inverse(before.shownFromFirst));
  const scaleBar = next.scaleBar && barAfterSwap(next.scaleBar, nowFromBefore, before.shown, now.shown);
  const swapped = { ...next, scaleBar, images: { ...next.images, cameras: now.shown.cameras } };
  const { generation } = now.shown.manifest;
  const pointCount = removedCount(before.shown.manifest, now.shown.manifest, state.beforeRebuild);
  if (pointCount === 0) return swapped;
  const activity = withRemoval(next.activity, { generation, pointCount }, atMs);
  return { ...swapped, activity, removal: { generation, pointCount, atS: nowS } };
}

function next(state: ProjectState, action: Action, nowS: number, atMs: number): ProjectState {
  switch (action.kind) {
    case "link":
      return {
        ...state,
        link: action.link,
        isSilent: false,
        watchers: new Map(),
        latency: action.link.kind === "connected" ? latencyAtConnect(state.latency, atMs) : state.latency,
      };
    case "message":
      return afterMessage(state, action.message, action.bytes, atMs);
    case "manifest":
      return afterManifest(state, action.complete, action.bytes, nowS, atMs);
    case "shard":
      return {
        ...state,
        scene: withShard(state.scene, action.shard, nowS),
        traffic: counted(state.traffic, action.shard.bytes, atMs),
      };
    case "failed_shards":
      if (action.count === state.traffic.failedShards) return state;
      return { ...state, traffic: { ...state.traffic, failedShards: action.count } };
    case "watcher_left":
      return { ...state, watchers: new Map([...state.watchers].filter(([name]) => name !== action.connection)) };
    case "scale_cleared":
      return { ...state, scaleBar: null };
    case "trouble":
      return { ...state, trouble: { code: action.code, reason: action.reason, atMs } };
    case "budget":
      return { ...state, scene: withBudget(state.scene, action.budget, nowS) };
    case "upload":
      return { ...state, uploads: withUpload(state.uploads, action.upload) };
    case "upload_change":
      return { ...state, uploads: withChange(state.uploads, action.key, action.change) };
    case "uploads_cleared":
      return { ...state, uploads: withoutFinished(state.uploads) };
    case "thumbnail":
      return {
        ...state,
        thumbnails: withThumbnail(state.thumbnails, action.imageId, action.bytes),
        traffic: counted(state.traffic, action.bytes.length, atMs),
      };
    case "round_trip":
      return { ...state, roundTripS: action.seconds };
    case "rights":
      return { ...state, rights: action.verbs, refused: action.refused };
    case "silence":
      return { ...state, isSilent: true };
    case "time": {
      const scene = withTime(state.scene, nowS);
      const isOver = state.removal !== null && nowS - state.removal.atS >= REMOVAL_SHOWN_S;
      return scene === state.scene && !isOver ? state : { ...state, scene, removal: isOver ? null : state.removal };
    }
  }
}

/** Apply a manifest with its pages: the cloud, the cameras and the images in one step. */
function afterManifest(
  state: ProjectState,
  complete: CompleteManifest,
  bytes: number,
  nowS: number,
  atMs: number,
): ProjectState {
  const { cameras, manifest } = complete;
  const scene = withManifest(state.scene, complete, nowS);
  const images = withImages(state.images, manifest.image_count, cameras);
  return {
    ...state,
    isSilent: false,
    scene,
    // Poses lie in the world of their generation: they are drawn when it is on screen.
    images: scene.coming ? images : { ...images, cameras: scene.shown?.cameras ?? cameras },
    latency: latencyAtManifest(state.latency, manifest),
    traffic: counted(state.traffic, bytes, atMs),
  };
}

function afterMessage(state: ProjectState, message: News, bytes: number, atMs: number): ProjectState {
  const next: ProjectState = {
    ...state,
    isSilent: false,
    images: imagesAfter(state.images, message),
    activity: logged(knownOf(state), message, atMs),
    rigs: rigsAfter(state.rigs, message, atMs),
    traffic: counted(state.traffic, bytes, atMs),
  };
  switch (message.type) {
    case "refetch_starting":
      return { ...next, beforeRebuild: beforeRebuild(state.scene.shown?.manifest) };
    case "processing_complete":
      return { ...next, latency: latencyAfterImage(state.latency, message) };
    case "response":
      return message.verb === "ping" ? { ...next, latency: latencyAfterPong(state.latency, message, atMs) } : next;
    case "reconstructor_state":
      return { ...next, reconstructor: message };
    case "reconstructor_statistics":
      return { ...next, statistics: message };
    case "presence":
      return { ...next, watchers: new Map(state.watchers).set(message.connection, message) };
    case "event_history":
      return { ...next, activity: withHistory(state.activity, message, atMs) };
    case "scale_bar":
      return { ...next, scaleBar: message };
    case "missing":
      return { ...next, uploads: withMissing(state.uploads, message) };
    case "wanted":
      return { ...next, wanted: message.images };
    case "upload_acknowledged":
      return { ...next, uploads: withReceipt(state.uploads, message) };
    default:
      return next;
  }
}

function knownOf({ activity, reconstructor, rigs, scaleBar }: ProjectState): Known {
  return { activity, presence: reconstructor?.presence ?? null, rigs, scaleBarAt: scaleBar?.sent_at ?? null };
}

function counted(traffic: Traffic, bytes: number, atMs: number): Traffic {
  return { ...traffic, messages: traffic.messages + 1, bytes: traffic.bytes + bytes, lastMessageAtMs: atMs };
}
