/** Which JSON? Bytes from the wire become one of the contract's messages, or a `WireError`. */
import type {
  AgentState,
  Bounds,
  CameraEntry,
  Cameras,
  Error as ErrorEvent,
  Manifest,
  Message,
  Missing,
  Presence,
  ProcessingComplete,
  ProcessingStarted,
  Progress,
  ReconstructorState,
  ReconstructorStatistics,
  RefetchStarting,
  Response,
  ScaleBar,
  ShardEntry,
  ShardUpdate,
  Similarity,
  UploadAcknowledged,
  WorldFrame,
} from "./contract";
import { CHANNELS, SCHEMA_MAJOR } from "./contract";
import { WireError } from "./errors";
import type { Check } from "./fields";
import { flag, instant, list, matching, nullable, number, object, orElse, text, tuple, whole, word } from "./fields";
import { LEVEL_PATTERNS } from "./ids";
import type { ChannelName } from "./topics";

const NEVER = /(?!)/;
const level = (name: string): Check<string> => matching(LEVEL_PATTERNS[name] ?? NEVER);
const code = matching(/^[a-z0-9][a-z0-9_-]{0,62}$/);
const sha256 = matching(/^[0-9a-f]{64}$/);
const generation = whole(1, 999_999_999);
const imageNumber = whole(1);
const finite = number();
const vector3 = tuple<readonly [number, number, number]>(finite, finite, finite);
const vector4 = tuple<readonly [number, number, number, number]>(finite, finite, finite, finite);
const matrix4 = tuple<NonNullable<CameraEntry["world_from_camera"]>>(vector4, vector4, vector4, vector4);
const bounds = object<Bounds>({ minimum: vector3, maximum: vector3 });

const STILL: Similarity = { scale: 1, rotation_wxyz: [1, 0, 0, 0], translation: [0, 0, 0] };
const similarity = object<Similarity>({
  scale: orElse(number(Number.MIN_VALUE), 1),
  rotation_wxyz: orElse(vector4, STILL.rotation_wxyz),
  translation: orElse(vector3, STILL.translation),
});

const frame = object<WorldFrame>({
  metres_per_unit: nullable(number(Number.MIN_VALUE)),
  scale_source: orElse(word("none", "baseline", "distance", "gps"), "none"),
  up: nullable(vector3),
  offset: orElse(vector3, [0, 0, 0]),
  world_from_previous: orElse(similarity, STILL),
});

const shard = object<ShardEntry>({
  index: whole(0, 9_999_999),
  level: whole(0, 32),
  kind: word("reference", "incremental"),
  image_number: nullable(imageNumber),
  points: whole(1, 1 << 24),
  bounds,
  encodings: list(object({ encoding: word("ply", "packed"), bytes: whole(1), sha256 }), 16),
});

const camera = object<CameraEntry>({
  image_id: level("image_id"),
  image_number: nullable(imageNumber),
  state: word("placed", "waiting", "rejected"),
  code: nullable(code),
  reason: nullable(text()),
  world_from_camera: nullable(matrix4),
  intrinsics: nullable(vector4),
  distortion: orElse(list(finite, 8), []),
  reprojection_error_px: nullable(number(0)),
  width_px: nullable(whole(1)),
  height_px: nullable(whole(1)),
});

/** What every message carries, beside its own type. */
const envelope = <const T extends string>(type: T) => ({
  type: word(type),
  schema: text(9),
  sent_at: instant,
  project: level("project"),
});

const image = { image_id: level("image_id"), image_number: imageNumber };

/** The messages that a viewer reads; the others pass it by. */
const MODELS = {
  manifest: object<Manifest>({
    ...envelope("manifest"),
    generation,
    revision: whole(),
    previous_generation: nullable(generation),
    image_count: whole(),
    frame,
    bounds,
    point_count: whole(),
    level_count: whole(1, 32),
    shards: list(shard),
  }),
  cameras: object<Cameras>({
    ...envelope("cameras"),
    generation: nullable(generation),
    cameras: list(camera),
  }),
  reconstructor_state: object<ReconstructorState>({
    ...envelope("reconstructor_state"),
    presence: word("ready", "paused", "disk_full", "offline"),
    boot_id: text(64),
    black_box: orElse(text(256), ""),
    has_manifest: orElse(flag, false),
    image_count: orElse(whole(), 0),
    refetch_every: orElse(whole(1), 10),
  }),
  reconstructor_statistics: object<ReconstructorStatistics>({
    ...envelope("reconstructor_statistics"),
    stored_count: whole(),
    placed_count: whole(),
    waiting_count: whole(),
    rejected_count: whole(),
    queued_count: whole(),
    error_count: whole(),
    generation: nullable(generation),
    shard_count: whole(),
    point_count: whole(),
    retained_bytes: whole(),
    disk_free_bytes: whole(),
    memory_bytes: whole(),
    uptime_s: number(0),
    stored_to_shard_p50_s: nullable(number(0)),
    stored_to_shard_p95_s: nullable(number(0)),
  }),
  processing_started: object<ProcessingStarted>({ ...envelope("processing_started"), ...image }),
  refetch_starting: object<RefetchStarting>({
    ...envelope("refetch_starting"),
    ...image,
    next_generation: generation,
  }),
  progress: object<Progress>({
    ...envelope("progress"),
    image_id: level("image_id"),
    stage: code,
    done_ratio: number(0, 1),
  }),
  shard_update: object<ShardUpdate>({
    ...envelope("shard_update"),
    ...image,
    generation,
    revision: whole(),
    shards: list(whole()),
    point_count: whole(),
  }),
  processing_complete: object<ProcessingComplete>({
    ...envelope("processing_complete"),
    ...image,
    state: word("placed", "waiting", "rejected", "unknown"),
    is_refetch: flag,
    generation: nullable(generation),
    revision: orElse(whole(), 0),
    new_point_count: whole(),
    duration_s: number(0),
    stored_to_shard_s: nullable(number(0)),
    captured_to_shard_s: nullable(number(0)),
  }),
  error: object<ErrorEvent>({
    ...envelope("error"),
    code,
    reason: text(),
    image_id: nullable(level("image_id")),
    topic: nullable(text(1024)),
  }),
  upload_acknowledged: object<UploadAcknowledged>({
    ...envelope("upload_acknowledged"),
    status: word("stored", "duplicate", "rejected"),
    image_name: level("image_name"),
    image_id: nullable(level("image_id")),
    image_number: nullable(imageNumber),
    sha256: nullable(sha256),
    code: nullable(code),
    reason: nullable(text()),
  }),
  missing: object<Missing>({
    ...envelope("missing"),
    pieces: list(
      object({ image_id: level("image_id"), ranges: list(object({ begin: whole(), end: whole() }), 10_000) }),
      1000,
    ),
    sequences: orElse(list(object({ session: text(64), sequences: list(whole(), 100_000) }), 1000), []),
  }),
  response: object<Response>({
    ...envelope("response"),
    id: level("request_id"),
    verb: word("resync", "ping", "refetch", "pause", "resume"),
    is_done: flag,
    code: nullable(code),
    reason: nullable(text()),
    request_sent_at: instant,
    received_at: instant,
    republished_count: orElse(whole(), 0),
  }),
  scale_bar: object<ScaleBar>({
    ...envelope("scale_bar"),
    generation,
    begin: vector3,
    end: vector3,
    distance_m: number(Number.MIN_VALUE, 100_000),
    user: level("user"),
  }),
  presence: object<Presence>({
    ...envelope("presence"),
    user: level("user"),
    connection: level("connection"),
    program: text(64),
  }),
  agent_state: object<AgentState>({
    ...envelope("agent_state"),
    agent: level("agent"),
    boot_id: text(64),
    presence: word("online", "offline"),
    is_capturing: orElse(flag, false),
    reason: nullable(text()),
  }),
} as const;

export type ReadMessage = ReturnType<(typeof MODELS)[keyof typeof MODELS]>;

/** Check a payload of one channel; null when the page has no use for such a message. */
export function decodeMessage(channel: ChannelName, payload: Uint8Array): ReadMessage | null {
  const { maxBytes, types }: { maxBytes: number; types: readonly string[] } = CHANNELS[channel];
  if (payload.length > maxBytes)
    throw new WireError("bad_message", `${payload.length} bytes are above the channel's limit of ${maxBytes}`);
  const value = parseJson(payload);
  const { type, schema } = object({ type: text(64), schema: text(9) })(value, "");
  if (!types.includes(type)) throw new WireError("bad_message", `${type} does not belong on channel ${channel}`);
  if (schema.split(".")[0] !== String(SCHEMA_MAJOR))
    throw new WireError("unknown_schema", `schema ${schema} is not understood here: reload the page to update it`);
  return type in MODELS ? MODELS[type as keyof typeof MODELS](value, "") : null;
}

/** One line of JSON; the envelope is filled in. */
export function encodeMessage<T extends Message>(message: Omit<T, "schema" | "sent_at">): Uint8Array {
  const full = { ...message, schema: `${SCHEMA_MAJOR}.0`, sent_at: new Date().toISOString() };
  return new TextEncoder().encode(JSON.stringify(full));
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) as unknown;
  } catch {
    throw new WireError("bad_message", "not JSON in UTF-8");
  }
}
