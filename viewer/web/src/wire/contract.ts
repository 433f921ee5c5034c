// Generated from broker/contract.py by `make generate`; do not edit.

export const DEFAULT_ROOT = "cairn/v1";
export const SCHEMA = "1.0";
export const SCHEMA_MAJOR = 1;
export const MAX_IMAGE_BYTES = 31457280;
export const MAX_PIECE_BYTES = 1048576;
export const MAX_SHARD_BYTES = 524288;
export const MAX_THUMBNAIL_PX = 320;

/** What an agent is made of. */
export interface AgentDescription {
  readonly type: "agent_description";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly agent: string;
  readonly program_version: string;
  readonly camera: string;
  readonly machine: string;
}

/** An agent's figures, every 30 seconds. */
export interface AgentHealth {
  readonly type: "agent_health";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly agent: string;
  readonly captured_count: number;
  readonly kept_count: number;
  readonly dropped_count: number;
  readonly sent_count: number;
  readonly stored_count: number;
  readonly rejected_count: number;
  readonly spool_count: number;
  readonly spool_bytes: number;
  readonly spool_oldest_s: number | null;
  readonly disk_free_bytes: number;
  readonly memory_bytes: number;
  readonly load_ratio: number | null;
  readonly temperature_deg: number | null;
  readonly is_throttled: boolean | null;
  readonly is_clock_synchronised: boolean | null;
  readonly reconnect_count: number;
  readonly camera_restart_count: number;
  readonly receipt_s: number | null;
  readonly alarms: readonly string[];
  readonly last_error: string | null;
}

/** Whether an agent is there. */
export type AgentPresence = "online" | "offline";

/** What ops may change on a rig; None leaves a field as it is. */
export interface AgentSettings {
  readonly interval_s: number | null;
  readonly blur_ratio: number | null;
  readonly duplicate_bits: number | null;
  readonly is_gps_stripped: boolean | null;
  readonly jpeg_quality: number | null;
}

/** An agent's birth message and last will. */
export interface AgentState {
  readonly type: "agent_state";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly agent: string;
  readonly boot_id: string;
  readonly presence: AgentPresence;
  readonly is_capturing: boolean;
  readonly reason: string | null;
}

/** An axis-aligned box in world units. */
export interface Bounds {
  readonly minimum: readonly [number, number, number];
  readonly maximum: readonly [number, number, number];
}

/** Bytes from `begin` up to, not including, `end`. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** One image as a camera: OpenCV axes, pixel centres at half integers, distortion as OpenCV's k1, k2, p1, p2. */
export interface CameraEntry {
  readonly image_id: string;
  readonly image_number: number | null;
  readonly state: CameraState;
  readonly code: string | null;
  readonly reason: string | null;
  readonly world_from_camera: readonly [readonly [number, number, number, number], readonly [number, number, number, number], readonly [number, number, number, number], readonly [number, number, number, number]] | null;
  readonly intrinsics: readonly [number, number, number, number] | null;
  readonly distortion: readonly number[];
  readonly reprojection_error_px: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
}

/** What became of an image in the reconstruction. */
export type CameraState = "placed" | "waiting" | "rejected";

/** Every image of a project and where its camera stood. */
export interface Cameras {
  readonly type: "cameras";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number | null;
  readonly cameras: readonly CameraEntry[];
}

/** Ops tell an agent to do something; late and retained commands are ignored. */
export interface Command {
  readonly type: "command";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly id: string;
  readonly verb: "capture" | "capture_at" | "pause" | "resume" | "cancel" | "reboot";
  readonly deadline_at: string;
  readonly capture_at: string | null;
  readonly image_count: number | null;
}

/** An agent's answer to one command. */
export interface CommandReply {
  readonly type: "command_reply";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly id: string;
  readonly agent: string;
  readonly is_done: boolean;
  readonly code: string | null;
  readonly reason: string | null;
}

/** What ops want of an agent. */
export interface DesiredSettings {
  readonly type: "desired_settings";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly version: number;
  readonly settings: AgentSettings;
}

/** One encoding of one shard. */
export interface EncodedShard {
  readonly encoding: Encoding;
  readonly size_bytes: number;
  readonly sha256: string;
}

/** How a shard's bytes are laid out. */
export type Encoding = "ply" | "packed";

/** Something went wrong; the project keeps its present cloud. */
export interface Error {
  readonly type: "error";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly code: string;
  readonly reason: string;
  readonly image_id: string | null;
  readonly topic: string | null;
}

/** How much one sender may have under way without a receipt. */
export interface Flow {
  readonly type: "flow";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_count: number;
  readonly size_bytes: number;
  readonly pause_until: string | null;
}

/** The one pointer: names the complete set of shards that viewers show. */
export interface Manifest {
  readonly type: "manifest";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly revision: number;
  readonly previous_generation: number | null;
  readonly image_count: number;
  readonly frame: WorldFrame;
  readonly bounds: Bounds;
  readonly point_count: number;
  readonly level_count: number;
  readonly shards: readonly ShardEntry[];
}

/** What the reconstructor still waits for from one sender. */
export interface Missing {
  readonly type: "missing";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly pieces: readonly MissingPieces[];
  readonly sequences: readonly MissingSequences[];
}

/** What has not arrived of one resumable upload. */
export interface MissingPieces {
  readonly image_id: string;
  readonly ranges: readonly ByteRange[];
}

/** Gaps in one session's count. */
export interface MissingSequences {
  readonly session: string;
  readonly sequences: readonly number[];
}

/** Somebody is watching; cleared by the last will. */
export interface Presence {
  readonly type: "presence";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly user: string;
  readonly connection: string;
  readonly program: string;
}

/** An image is through, whatever came of it. */
export interface ProcessingComplete {
  readonly type: "processing_complete";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly image_number: number;
  readonly state: "placed" | "waiting" | "rejected" | "unknown";
  readonly is_refetch: boolean;
  readonly generation: number | null;
  readonly revision: number;
  readonly new_point_count: number;
  readonly duration_s: number;
  readonly stored_to_shard_s: number | null;
  readonly captured_to_shard_s: number | null;
}

/** An image goes into the black box. */
export interface ProcessingStarted {
  readonly type: "processing_started";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly image_number: number;
}

/** How far a refetch has come. */
export interface Progress {
  readonly type: "progress";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly stage: string;
  readonly done_ratio: number;
}

/** What became of an image. */
export type ReceiptStatus = "stored" | "duplicate" | "rejected";

/** Whether the reconstructor takes images. */
export type ReconstructorPresence = "ready" | "paused" | "disk_full" | "offline";

/** The reconstructor's birth message and last will, one for each project. */
export interface ReconstructorState {
  readonly type: "reconstructor_state";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly presence: ReconstructorPresence;
  readonly boot_id: string;
  readonly black_box: string;
  readonly has_manifest: boolean;
  readonly image_count: number;
  readonly refetch_every: number;
}

/** The reconstructor's figures for one project. */
export interface ReconstructorStatistics {
  readonly type: "reconstructor_statistics";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly stored_count: number;
  readonly placed_count: number;
  readonly waiting_count: number;
  readonly rejected_count: number;
  readonly queued_count: number;
  readonly error_count: number;
  readonly generation: number | null;
  readonly shard_count: number;
  readonly point_count: number;
  readonly retained_bytes: number;
  readonly disk_free_bytes: number;
  readonly memory_bytes: number;
  readonly uptime_s: number;
  readonly stored_to_shard_p50_s: number | null;
  readonly stored_to_shard_p95_s: number | null;
}

/** The complete reconstruction begins; the old reference set stays. */
export interface RefetchStarting {
  readonly type: "refetch_starting";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly image_number: number;
  readonly next_generation: number;
}

/** A wish that was not followed, and why. */
export interface RefusedField {
  readonly field: string;
  readonly reason: string;
}

/** What an agent runs with. */
export interface ReportedSettings {
  readonly type: "reported_settings";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly agent: string;
  readonly version: number;
  readonly settings: AgentSettings;
  readonly refused: readonly RefusedField[];
}

/** A viewer or an agent asks the reconstructor for something. */
export interface Request {
  readonly type: "request";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly id: string;
  readonly verb: Verb;
  readonly connection: string;
  readonly generation: number | null;
  readonly shards: readonly number[];
}

/** The answer to one request; for a ping it is the pong and its times tell the latency. */
export interface Response {
  readonly type: "response";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly id: string;
  readonly verb: Verb;
  readonly is_done: boolean;
  readonly code: string | null;
  readonly reason: string | null;
  readonly request_sent_at: string;
  readonly received_at: string;
  readonly republished_count: number;
}

/** Two points of the world and the distance between them on the object; the manifest answers with metres. */
export interface ScaleBar {
  readonly type: "scale_bar";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly begin: readonly [number, number, number];
  readonly end: readonly [number, number, number];
  readonly distance_m: number;
  readonly user: string;
}

/** What told how large the object is. */
export type ScaleSource = "none" | "baseline" | "scale_bar" | "gps";

/** One shard of a manifest. */
export interface ShardEntry {
  readonly index: number;
  readonly level: number;
  readonly kind: "reference" | "incremental";
  readonly image_number: number | null;
  readonly point_count: number;
  readonly bounds: Bounds;
  readonly encodings: readonly EncodedShard[];
}

/** A manifest with these new shards is out. */
export interface ShardUpdate {
  readonly type: "shard_update";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly image_number: number;
  readonly generation: number;
  readonly revision: number;
  readonly shards: readonly number[];
  readonly point_count: number;
}

/** `points_in_target = scale * rotate(points_in_source) + translation`. */
export interface Similarity {
  readonly scale: number;
  readonly rotation_wxyz: readonly [number, number, number, number];
  readonly translation: readonly [number, number, number];
}

/** The receipt: the reconstructor's word that an image is safe on its disk, or why it is not taken. */
export interface UploadAcknowledged {
  readonly type: "upload_acknowledged";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly status: ReceiptStatus;
  readonly image_name: string;
  readonly image_id: string | null;
  readonly image_number: number | null;
  readonly sha256: string | null;
  readonly code: string | null;
  readonly reason: string | null;
}

/** Announces an image that comes in pieces. */
export interface UploadBegin {
  readonly type: "upload_begin";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly content_type: string;
  readonly size_bytes: number;
  readonly piece_bytes: number;
  readonly sha256: string;
}

/** Every piece has been sent: assemble, or name what is missing. */
export interface UploadEnd {
  readonly type: "upload_end";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

/** What a request asks for. */
export type Verb = "resync" | "ping" | "refetch" | "pause" | "resume";

/** The project's frame: `world = shard coordinates + offset`, `metres = metres_per_unit * world`. A scale that becomes known later changes `metres_per_unit` and never the shards. */
export interface WorldFrame {
  readonly metres_per_unit: number | null;
  readonly scale_source: ScaleSource;
  readonly up: readonly [number, number, number] | null;
  readonly offset: readonly [number, number, number];
  readonly world_from_previous: Similarity;
}

export type Message =
  | AgentDescription
  | AgentHealth
  | AgentState
  | Cameras
  | Command
  | CommandReply
  | DesiredSettings
  | Error
  | Flow
  | Manifest
  | Missing
  | Presence
  | ProcessingComplete
  | ProcessingStarted
  | Progress
  | ReconstructorState
  | ReconstructorStatistics
  | RefetchStarting
  | ReportedSettings
  | Request
  | Response
  | ScaleBar
  | ShardUpdate
  | UploadAcknowledged
  | UploadBegin
  | UploadEnd;

export type Event =
  | Error
  | ProcessingComplete
  | ProcessingStarted
  | Progress
  | RefetchStarting
  | ShardUpdate;

export type MessageType = Message['type'];

/** One row of the contract: a topic below `{root}/{project}/` and what it carries. */
export interface Channel {
  readonly template: string;
  readonly types: readonly MessageType[];
  readonly qos: 0 | 1;
  readonly isRetained: boolean;
  readonly maxBytes: number;
  readonly meaning: string;
}

export const CHANNELS = {
  image: { template: "image/{sender}/{image_name}", types: [], qos: 1, isRetained: false, maxBytes: 31457280, meaning: "one photograph: JPEG, PNG, WebP or TIFF bytes" },
  upload_begin: { template: "upload/{sender}/{image_id}/begin", types: ["upload_begin"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "announces a photograph in pieces" },
  upload_piece: { template: "upload/{sender}/{image_id}/{offset}", types: [], qos: 1, isRetained: false, maxBytes: 1048576, meaning: "the photograph's bytes from this offset" },
  upload_end: { template: "upload/{sender}/{image_id}/end", types: ["upload_end"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "every piece has been sent" },
  receipt: { template: "receipt/{sender}/{image_name}", types: ["upload_acknowledged"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "the image is safe on the reconstructor's disk, or why it is not taken" },
  missing: { template: "receipt/{sender}/missing", types: ["missing"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "pieces and sequence numbers that have not arrived" },
  flow: { template: "receipt/{sender}/flow", types: ["flow"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "how much may be under way without a receipt" },
  agent_state: { template: "agent/{agent}/state", types: ["agent_state"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "birth message and last will of a rig" },
  agent_description: { template: "agent/{agent}/description", types: ["agent_description"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "program, camera and machine of a rig" },
  agent_health: { template: "agent/{agent}/health", types: ["agent_health"], qos: 0, isRetained: true, maxBytes: 4194304, meaning: "counts, spool, temperature and memory of a rig, every 30 s" },
  agent_thumbnail: { template: "agent/{agent}/thumbnail", types: [], qos: 0, isRetained: true, maxBytes: 65536, meaning: "the last photograph, small: JPEG of at most 64 KB" },
  command: { template: "agent/{agent}/command", types: ["command"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "ops tell a rig to do something" },
  command_reply: { template: "agent/{agent}/reply/{request_id}", types: ["command_reply"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "a rig's answer to one command" },
  desired_settings: { template: "agent/{agent}/settings/desired", types: ["desired_settings"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "what ops want of a rig" },
  reported_settings: { template: "agent/{agent}/settings/reported", types: ["reported_settings"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "what a rig runs with, and which wishes it refused" },
  reconstructor_state: { template: "reconstructor/state", types: ["reconstructor_state"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "birth message and last will: does it take images, is there a manifest" },
  reconstructor_statistics: { template: "reconstructor/statistics", types: ["reconstructor_statistics"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "counts, points, latency and disk" },
  event: { template: "event/{event_type}", types: ["processing_started", "refetch_starting", "progress", "shard_update", "processing_complete", "error"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "what happens to each image and each reference set" },
  reference: { template: "reference/current", types: ["manifest"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "the manifest: the only pointer, written last" },
  shard: { template: "shard/{generation}/{encoding}/{index}", types: [], qos: 1, isRetained: true, maxBytes: 524288, meaning: "one independently loadable piece of the cloud, immutable" },
  cameras: { template: "camera/current", types: ["cameras"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "where each image was taken, or why it is not placed" },
  image_thumbnail: { template: "thumbnail/{image_id}", types: [], qos: 1, isRetained: true, maxBytes: 65536, meaning: "one photograph, upright and small: JPEG of at most 320 px and 64 KB" },
  scale_bar: { template: "scale/current", types: ["scale_bar"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "a known distance between two points, which gives everybody metres" },
  request: { template: "request/{user}/{verb}", types: ["request"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "resync, ping, refetch, pause or resume" },
  response: { template: "response/{user}/{connection}", types: ["response"], qos: 1, isRetained: false, maxBytes: 4194304, meaning: "the answer to a request" },
  presence: { template: "presence/{user}/{connection}", types: ["presence"], qos: 1, isRetained: true, maxBytes: 4194304, meaning: "somebody is watching; the last will clears it" },
  probe: { template: "probe/{user}/{connection}", types: [], qos: 1, isRetained: true, maxBytes: 1048576, meaning: "bytes by which a doctor times the way to the broker and back; cleared at once" },
} as const satisfies Record<string, Channel>;
