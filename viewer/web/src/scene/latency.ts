/** How long does each hop from the camera to this screen take? Differences of timestamps, corrected by ping. Pure. */
import type { ProcessingComplete, Response } from "../wire/contract";
import type { SceneState } from "./reference";
import { isComplete } from "./reference";

export type Hop = "capturedToStored" | "storedToPoints" | "pointsToSeen";

/** The last samples in seconds, newest last. */
export type Hops = Readonly<Record<Hop, readonly number[]>>;

export interface LatencyState {
  readonly hops: Hops;
  /** The reconstructor's clock minus this clock, estimated by the last ping; null before the first ping. */
  readonly clockOffsetMs: number | null;
  readonly connectedAtMs: number;
  /** The manifest that is loading, if it was published while this page was connected. */
  readonly awaited: { readonly generation: number; readonly revision: number; readonly publishedAtMs: number } | null;
}

const MOST_SAMPLES = 50;

export const NO_LATENCY: LatencyState = {
  hops: { capturedToStored: [], storedToPoints: [], pointsToSeen: [] },
  clockOffsetMs: null,
  connectedAtMs: Infinity,
  awaited: null,
};

export function latencyAtConnect(latency: LatencyState, atMs: number): LatencyState {
  return { ...latency, connectedAtMs: atMs, awaited: null };
}

/** Add the durations that the reconstructor reports for one image. A rebuild is not a hop. */
export function latencyAfterImage(latency: LatencyState, message: ProcessingComplete): LatencyState {
  const { captured_to_shard_s: captured, is_refetch: isRefetch, stored_to_shard_s: stored } = message;
  if (isRefetch || stored === null) return latency;
  const next = withSample(latency, "storedToPoints", stored);
  return captured === null ? next : withSample(next, "capturedToStored", Math.max(0, captured - stored));
}

/** Estimate the clock offset from the four timestamps of a ping (RFC 5905, section 8). Error: half the round trip. */
export function latencyAfterPong(latency: LatencyState, pong: Response, atMs: number): LatencyState {
  const there = Date.parse(pong.received_at) - Date.parse(pong.request_sent_at);
  const back = Date.parse(pong.sent_at) - atMs;
  return { ...latency, clockOffsetMs: (there + back) / 2 };
}

/** Start timing a new manifest. One that was published before this page connected is not timed. */
export function latencyAtManifest(
  latency: LatencyState,
  manifest: { readonly generation: number; readonly revision: number; readonly sent_at: string },
): LatencyState {
  if (latency.clockOffsetMs === null) return latency;
  const publishedAtMs = Date.parse(manifest.sent_at) - latency.clockOffsetMs;
  if (publishedAtMs < latency.connectedAtMs) return latency;
  const { generation, revision } = manifest;
  return { ...latency, awaited: { generation, revision, publishedAtMs } };
}

/** Add the time from publication to screen, once the timed manifest is completely loaded. */
export function latencyAtScene(latency: LatencyState, { shown }: SceneState, atMs: number): LatencyState {
  const { awaited } = latency;
  if (!shown || shown.manifest.generation !== awaited?.generation) return latency;
  if (shown.manifest.revision < awaited.revision || !isComplete(shown)) return latency;
  const seconds = Math.max(0, (atMs - awaited.publishedAtMs) / 1000);
  return withSample({ ...latency, awaited: null }, "pointsToSeen", seconds);
}

/** The newest sample and the median; null without samples. */
export function summaryOf(samples: readonly number[]): { readonly newest: number; readonly median: number } | null {
  const newest = samples.at(-1);
  const median = [...samples].sort((one, other) => one - other)[Math.floor(samples.length / 2)];
  return newest === undefined || median === undefined ? null : { newest, median };
}

function withSample(latency: LatencyState, hop: Hop, seconds: number): LatencyState {
  const samples = [...latency.hops[hop], seconds].slice(-MOST_SAMPLES);
  return { ...latency, hops: { ...latency.hops, [hop]: samples } };
}
