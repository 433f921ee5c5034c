// Generated from broker/contract.py by `make generate`; do not edit.

import type { Schema } from "./schema";

export const DEFAULT_ROOT = "cairn/v1";
export const SCHEMA_MAJOR = 1;
export const MAX_IMAGE_BYTES = 31457280;
export const MAX_SHARD_BYTES = 524288;
export const MAX_THUMBNAIL_PX = 320;
export const MAX_POINTS = 16384;
export const MAX_TOPIC_LENGTH = 1024;
export const MAX_NAME_BYTES = 200;
export const DIGEST_LENGTH = 16;
export const PAGE_DIGEST_LENGTH = 32;

/** What may stand at each level in braces of a topic; the whole text has to match. */
export const LEVEL_PATTERNS = {
  project: "[a-z0-9][a-z0-9-]{0,62}",
  sender: "[a-z0-9][a-z0-9-]{0,62}",
  agent: "rig-[a-z0-9][a-z0-9-]{0,58}",
  user: "[a-z0-9][a-z0-9-]{0,62}",
  connection: "[a-z0-9][a-z0-9-]{0,62}",
  image_id: "[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16}",
  image_name: "(?!(?:missing|flow|wanted|refused)$)[^/+#\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff\ud83f\udffe\ud83f\udfff\ud87f\udffe\ud87f\udfff\ud8bf\udffe\ud8bf\udfff\ud8ff\udffe\ud8ff\udfff\ud93f\udffe\ud93f\udfff\ud97f\udffe\ud97f\udfff\ud9bf\udffe\ud9bf\udfff\ud9ff\udffe\ud9ff\udfff\uda3f\udffe\uda3f\udfff\uda7f\udffe\uda7f\udfff\udabf\udffe\udabf\udfff\udaff\udffe\udaff\udfff\udb3f\udffe\udb3f\udfff\udb7f\udffe\udb7f\udfff\udbbf\udffe\udbbf\udfff\udbff\udffe\udbff\udfff\udb40\udc00-\udb40\udc7f]{1,200}",
  annotation: "[a-z0-9][a-z0-9-]{0,62}",
  request_id: "[a-z0-9][a-z0-9-]{0,62}",
  generation: "[1-9][0-9]{0,8}",
  encoding: "ply|packed",
  index: "0|[1-9][0-9]{0,6}",
  offset: "0|[1-9][0-9]{0,9}",
  page: "[0-9a-f]{32}",
  verb: "resync|ping|photograph|earlier|export|refetch|pause|resume",
  event_type: "processing_started|refetch_starting|progress|shard_update|processing_complete|error",
} as const;

/** Where the next photographs are wanted, the most valuable place first, in the world of this generation. While the walk is unfinished, walking on comes before the places. Where `is_dense` is false neither is claimed. */
export interface Advice {
  readonly type: "advice";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly revision: number;
  readonly photograph_count: number;
  readonly is_dense: boolean;
  readonly is_walk_unfinished: boolean;
  readonly metres_per_unit: number | null;
  readonly places: readonly AdvisedPlace[];
}

/** Where to take three photographs, one step apart sideways: the middle one from here. Steps and degrees are from the photograph `image_number`, the nearest one with nothing of the cloud in between, in its own directions: to the right, upwards, ahead. A step is 0.15 of the distance to the object. Attributes: code: few_views, narrow_angle, too_far, hole or hidden; a later version may have more. position, looking: the middle camera's place and its unit direction, world units. target: what should be seen from there, world units. step: the length of a step, world units. marked: the target in a photograph that shows it; null where none does. cell_count: how many cells it would improve. */
export interface AdvisedPlace {
  readonly code: string;
  readonly position: readonly [number, number, number];
  readonly looking: readonly [number, number, number];
  readonly target: readonly [number, number, number];
  readonly image_id: string;
  readonly image_number: number;
  readonly step: number;
  readonly steps_right: number;
  readonly steps_up: number;
  readonly steps_ahead: number;
  readonly turn_right_deg: number;
  readonly tilt_up_deg: number;
  readonly marked: MarkedPlace | null;
  readonly cell_count: number;
}

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
  readonly held_count: number;
  readonly preview_count: number;
  readonly spool_oldest_s: number | null;
  readonly disk_free_bytes: number;
  readonly memory_bytes: number;
  readonly load_ratio: number | null;
  readonly temperature_deg: number | null;
  readonly battery_ratio: number | null;
  readonly is_throttled: boolean | null;
  readonly is_clock_synchronised: boolean | null;
  readonly reconnect_count: number;
  readonly camera_restart_count: number;
  readonly left_out_count: number;
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
  readonly run_id: string;
  readonly session: string;
  readonly presence: AgentPresence;
  readonly is_capturing: boolean;
  readonly is_finished: boolean;
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
  readonly file_name: string | null;
  readonly capture_id: string | null;
  readonly has_original: boolean;
  readonly state: CameraState;
  readonly component: number;
  readonly code: string | null;
  readonly reason: string | null;
  readonly world_from_camera: readonly [readonly [number, number, number, number], readonly [number, number, number, number], readonly [number, number, number, number], readonly [number, number, number, number]] | null;
  readonly intrinsics: readonly [number, number, number, number] | null;
  readonly distortion: readonly number[];
  readonly reprojection_error_px: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
}

/** Up to 64 images and where their cameras stood, in the world of the manifest that names this page. */
export interface CameraPage {
  readonly type: "camera_page";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly cameras: readonly CameraEntry[];
}

/** What became of an image in the reconstruction. */
export type CameraState = "placed" | "waiting" | "rejected";

/** How a rig kept to the instant of a `capture_at`; without `fired_at`, its camera was not asked. */
export interface CaptureReport {
  readonly capture_at: string;
  readonly capture_id: string;
  readonly fired_at: string | null;
  readonly deviation_s: number | null;
  readonly image_count: number;
  readonly image_ids: readonly string[];
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
  readonly capture_id: string | null;
}

/** An agent's answer to one command; of a `capture_at` the first says that it waits, a second one reports. */
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
  readonly report: CaptureReport | null;
}

/** Photographs that fit each other; each further component has a frame of its own and is shown beside the leading one. `world_from_component` says where; nothing is measured across components. */
export interface Component {
  readonly id: number;
  readonly image_count: number;
  readonly world_from_component: Similarity;
}

/** Describes the retained grid of coverage, in the world of this generation. Where `is_dense` is false the points are too sparse to be a surface: only how many photographs see a cell is known, the counts of bad cells and holes are 0, and nothing is claimed by them. */
export interface Coverage {
  readonly type: "coverage";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly revision: number;
  readonly photograph_count: number;
  readonly is_dense: boolean;
  readonly cell_count: number;
  readonly bad_cell_count: number;
  readonly hole_cell_count: number;
  readonly grid_sha256: string;
  readonly grid_bytes: number;
}

/** Two points of the world and the distance between them on the object, as the person of the topic measured it. */
export interface DesiredScaleBar {
  readonly type: "desired_scale_bar";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly begin: readonly [number, number, number];
  readonly end: readonly [number, number, number];
  readonly distance_m: number;
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

/** A coarse shard of an earlier generation in the encoding `packed`, relative to the generation's offset. */
export interface EarlierShard {
  readonly index: number;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly point_count: number;
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

/** What happened last, the oldest first, for people who join late: the start of an image only until its end. */
export interface EventHistory {
  readonly type: "event_history";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly events: readonly (ProcessingStarted | RefetchStarting | ShardUpdate | ProcessingComplete | Error)[];
}

/** As what a reconstruction is written for other programs. */
export type ExportFormat = "ply" | "laz" | "gltf" | "e57" | "colmap" | "report";

/** A file that was exported; the page server has it under this name. */
export interface ExportedFile {
  readonly name: string;
  readonly size_bytes: number;
  readonly point_count: number;
  readonly is_metric: boolean;
}

/** How much one sender may have under way without a receipt, and why it pauses, if it does. */
export interface Flow {
  readonly type: "flow";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_count: number;
  readonly size_bytes: number;
  readonly pause_until: string | null;
  readonly code: string | null;
  readonly reason: string | null;
}

/** The last generations, the oldest first, the present one last. */
export interface GenerationHistory {
  readonly type: "generation_history";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generations: readonly GenerationRow[];
}

/** One generation. Those that another one replaced have shards while they are kept. */
export interface GenerationRow {
  readonly generation: number;
  readonly made_at: string;
  readonly first_image_count: number;
  readonly image_count: number;
  readonly point_count: number;
  readonly offset: readonly [number, number, number];
  readonly world_from_previous: Similarity;
  readonly mean_reprojection_error_px: number | null;
  readonly metres_per_unit: number | null;
  readonly scale_deviation_ratio: number | null;
  readonly shards: readonly EarlierShard[];
}

/** What the broker does not retain because of the project's budget; the reconstructor's disk has it all. */
export interface LeftOut {
  readonly point_count: number;
  readonly shard_count: number;
  readonly ply_count: number;
}

/** The one pointer, written last: names the pages that name all shards and all cameras, each by its digest. Generation 0 has no points yet. The bounds are those of the leading component. */
export interface Manifest {
  readonly type: "manifest";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly store_id: string;
  readonly epoch: number;
  readonly generation: number;
  readonly revision: number;
  readonly previous_generation: number | null;
  readonly image_count: number;
  readonly frame: WorldFrame;
  readonly bounds: Bounds;
  readonly point_count: number;
  readonly shard_count: number;
  readonly level_count: number;
  readonly components: readonly Component[];
  readonly shard_pages: readonly string[];
  readonly camera_pages: readonly string[];
  readonly left_out: LeftOut;
}

/** Up to 64 entries of the manifest. A page that changes is published under its new digest. */
export interface ManifestPage {
  readonly type: "manifest_page";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly shards: readonly ShardEntry[];
}

/** A place in a photograph: its position from the left and from the top, as shares of the width and the height. */
export interface MarkedPlace {
  readonly image_id: string;
  readonly image_number: number;
  readonly across: number;
  readonly down: number;
}

/** A named measure that a person left: two points, three of an angle (its apex second), or an area's corners. */
export interface Measure {
  readonly type: "measure";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly revision: number;
  readonly kind: MeasureKind;
  readonly points: readonly (readonly [number, number, number])[];
  readonly name: string;
}

/** What is measured between the points. */
export type MeasureKind = "distance" | "height" | "angle" | "area";

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

/** An image is not taken because of its name, which is repeated here without its forbidden signs. */
export interface NameRefused {
  readonly type: "name_refused";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly shown_name: string;
  readonly code: string;
  readonly reason: string;
}

/** A text that a person left at a point. */
export interface Note {
  readonly type: "note";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly generation: number;
  readonly revision: number;
  readonly point: readonly [number, number, number];
  readonly text: string;
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

/** How far a refetch, or the export of a request, has come. */
export interface Progress {
  readonly type: "progress";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly image_id: string | null;
  readonly request_id: string | null;
  readonly stage: string;
  readonly done_ratio: number;
}

/** What became of an image. Only after `stored`, `duplicate` or `rejected` its sender may delete it. */
export type ReceiptStatus = "previewed" | "preview_refused" | "stored" | "duplicate" | "rejected";

/** Whether the reconstructor takes images. */
export type ReconstructorPresence = "ready" | "paused" | "disk_full" | "offline";

/** The reconstructor's birth message, last will and claim to be the one writer; with a code, what keeps it from its work. */
export interface ReconstructorState {
  readonly type: "reconstructor_state";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly presence: ReconstructorPresence;
  readonly title: string;
  readonly boot_id: string;
  readonly store_id: string | null;
  readonly epoch: number;
  readonly host: string;
  readonly contested_since: string | null;
  readonly black_box: string;
  readonly has_manifest: boolean;
  readonly image_count: number;
  readonly refetch_every: number;
  readonly takes_previews: boolean;
  readonly preview_max_side_px: number;
  readonly code: string | null;
  readonly reason: string | null;
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
  readonly preview_count: number;
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
  readonly queued_since: string | null;
  readonly processed_at: string | null;
  readonly refetch_s: number | null;
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
  readonly image_id: string | null;
  readonly max_side_px: number;
  readonly format: ExportFormat | null;
  readonly has_names: boolean;
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
  readonly is_preview: boolean;
  readonly export: ExportedFile | null;
}

/** The known distance of the project, and the account that gave it; the manifest answers with metres. */
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

/** One shard of a manifest. Only the encodings that the broker retains are listed. */
export interface ShardEntry {
  readonly index: number;
  readonly level: number;
  readonly kind: "reference" | "incremental";
  readonly image_number: number | null;
  readonly component: number;
  readonly point_count: number;
  readonly bounds: Bounds;
  readonly encodings: readonly EncodedShard[];
}

/** A manifest with these new shards is out; an image may have a few first points before, which these replace. */
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

/** The receipt: the reconstructor's word that an image is safe on its disk, or why it is not taken. With `retry_at`, which only a quota sets, it is taken when it is sent again after that. */
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
  readonly retry_at: string | null;
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
export type Verb = "resync" | "ping" | "photograph" | "earlier" | "export" | "refetch" | "pause" | "resume";

/** Photographs of which the reconstructor has only previews, and which it wants before the others. */
export interface Wanted {
  readonly type: "wanted";
  readonly schema: string;
  readonly sent_at: string;
  readonly project: string;
  readonly images: readonly string[];
}

/** The project's frame: `world = shard coordinates + offset`, `metres = metres_per_unit * world`. A scale that becomes known later changes `metres_per_unit` and never the shards. */
export interface WorldFrame {
  readonly metres_per_unit: number | null;
  readonly scale_source: ScaleSource;
  readonly scale_deviation_ratio: number | null;
  readonly up: readonly [number, number, number] | null;
  readonly offset: readonly [number, number, number];
  readonly world_from_previous: Similarity;
}

export type Message =
  | Advice
  | AgentDescription
  | AgentHealth
  | AgentState
  | CameraPage
  | Command
  | CommandReply
  | Coverage
  | DesiredScaleBar
  | DesiredSettings
  | Error
  | EventHistory
  | Flow
  | GenerationHistory
  | Manifest
  | ManifestPage
  | Measure
  | Missing
  | NameRefused
  | Note
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
  | UploadEnd
  | Wanted;

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
}

export const CHANNELS = {
  /** one photograph: JPEG, PNG, WebP, TIFF, or HEIC if it is read there */
  image: { template: "image/{sender}/{image_name}", types: [], qos: 1, isRetained: false, maxBytes: 31457280 },
  /** a photograph reduced to what the engine looks at, before the photograph itself: WebP or JPEG with its EXIF */
  preview: { template: "preview/{sender}/{image_id}", types: [], qos: 1, isRetained: false, maxBytes: 262144 },
  /** announces a photograph in pieces */
  upload_begin: { template: "upload/{sender}/{image_id}/begin", types: ["upload_begin"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** the photograph's bytes from this offset */
  upload_piece: { template: "upload/{sender}/{image_id}/{offset}", types: [], qos: 1, isRetained: false, maxBytes: 1048576 },
  /** every piece has been sent */
  upload_end: { template: "upload/{sender}/{image_id}/end", types: ["upload_end"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** the image is safe on the reconstructor's disk, or why it is not taken */
  receipt: { template: "receipt/{sender}/{image_name}", types: ["upload_acknowledged"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** pieces and sequence numbers that have not arrived */
  missing: { template: "receipt/{sender}/missing", types: ["missing"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** up to 64 photographs of which there is only a preview, to be sent before the others */
  wanted: { template: "receipt/{sender}/wanted", types: ["wanted"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** an image whose name cannot stand in a receipt's topic, and why */
  refused: { template: "receipt/{sender}/refused", types: ["name_refused"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** how much may be under way without a receipt */
  flow: { template: "receipt/{sender}/flow", types: ["flow"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** birth message and last will of a rig */
  agent_state: { template: "agent/{agent}/state", types: ["agent_state"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** program, camera and machine of a rig */
  agent_description: { template: "agent/{agent}/description", types: ["agent_description"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** counts, spool, battery, temperature and memory of a rig, every 30 s */
  agent_health: { template: "agent/{agent}/health", types: ["agent_health"], qos: 0, isRetained: true, maxBytes: 4194304 },
  /** the last photograph, small: JPEG of at most 64 KB */
  agent_thumbnail: { template: "agent/{agent}/thumbnail", types: [], qos: 0, isRetained: true, maxBytes: 65536 },
  /** ops tell a rig to do something */
  command: { template: "agent/{agent}/command", types: ["command"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** a rig's answer to one command */
  command_reply: { template: "agent/{agent}/reply/{request_id}", types: ["command_reply"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** what ops want of a rig */
  desired_settings: { template: "agent/{agent}/settings/desired", types: ["desired_settings"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** what a rig runs with, and which wishes it refused */
  reported_settings: { template: "agent/{agent}/settings/reported", types: ["reported_settings"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** birth message and last will: does it take images, is there a manifest */
  reconstructor_state: { template: "reconstructor/state", types: ["reconstructor_state"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** counts, points, latency and disk */
  reconstructor_statistics: { template: "reconstructor/statistics", types: ["reconstructor_statistics"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** what happens to each image and each reference set */
  event: { template: "event/{event_type}", types: ["processing_started", "refetch_starting", "progress", "shard_update", "processing_complete", "error"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** the last 100 events but `progress` and `shard_update`, the newest last: for people who join late */
  history: { template: "history/events", types: ["event_history"], qos: 1, isRetained: true, maxBytes: 65536 },
  /** a row for each of the last generations, the present one last, with the coarse shards that are still kept */
  generations: { template: "history/generations", types: ["generation_history"], qos: 1, isRetained: true, maxBytes: 65536 },
  /** a coarse shard of an earlier generation for the user who asked by `earlier`, packed */
  earlier_shard: { template: "earlier/{user}/{generation}/{index}", types: [], qos: 1, isRetained: false, maxBytes: 524288 },
  /** the manifest: the only pointer, written last; it names the pages of shards and cameras */
  reference: { template: "reference/current", types: ["manifest"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** up to 64 shards of the manifest, immutable */
  manifest_page: { template: "reference/page/{page}", types: ["manifest_page"], qos: 1, isRetained: true, maxBytes: 262144 },
  /** one independently loadable piece of the cloud, immutable */
  shard: { template: "shard/{generation}/{encoding}/{index}", types: [], qos: 1, isRetained: true, maxBytes: 524288 },
  /** where up to 64 images were taken, or why they are not placed; immutable */
  camera_page: { template: "camera/page/{page}", types: ["camera_page"], qos: 1, isRetained: true, maxBytes: 262144 },
  /** one photograph, upright and small: JPEG of at most 320 px and 64 KB */
  image_thumbnail: { template: "thumbnail/{image_id}", types: [], qos: 1, isRetained: true, maxBytes: 65536 },
  /** one photograph or its preview for the user who asked by `photograph`: upright JPEG of at most 900 KB */
  photo: { template: "photo/{user}/{image_id}", types: [], qos: 1, isRetained: false, maxBytes: 921600 },
  /** the known distance that gives everybody metres, and whose it is */
  scale_bar: { template: "scale/current", types: ["scale_bar"], qos: 1, isRetained: true, maxBytes: 4194304 },
  /** a known distance between two points, as a person measured it; empty: none is known any more */
  desired_scale_bar: { template: "scale/{user}/desired", types: ["desired_scale_bar"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** a distance, height, angle or area that a person left on the object; empty: taken away */
  measure: { template: "measure/{user}/{annotation}", types: ["measure"], qos: 1, isRetained: true, maxBytes: 4096 },
  /** a text that a person left at a point of the object; empty: taken away */
  note: { template: "note/{user}/{annotation}", types: ["note"], qos: 1, isRetained: true, maxBytes: 4096 },
  /** what the retained grid of coverage tells: which generation, how many cells, and the grid's digest */
  coverage: { template: "coverage/current", types: ["coverage"], qos: 1, isRetained: true, maxBytes: 4096 },
  /** how well each cell of the object is photographed, packed; published before `coverage/current` */
  coverage_grid: { template: "coverage/grid", types: [], qos: 1, isRetained: true, maxBytes: 524288 },
  /** where the next photographs are wanted: at most three places, or that the walk is unfinished */
  advice: { template: "advice/current", types: ["advice"], qos: 1, isRetained: true, maxBytes: 16384 },
  /** resync, ping, photograph, earlier, export, refetch, pause or resume */
  request: { template: "request/{user}/{verb}", types: ["request"], qos: 1, isRetained: false, maxBytes: 262144 },
  /** the answer to a request, also when it is refused */
  response: { template: "response/{user}/{connection}", types: ["response"], qos: 1, isRetained: false, maxBytes: 4194304 },
  /** somebody is watching; cleared by the last will, and by the reconstructor when there are too many */
  presence: { template: "presence/{user}/{connection}", types: ["presence"], qos: 1, isRetained: true, maxBytes: 1024 },
  /** bytes by which a doctor times the way to the broker and back */
  probe: { template: "probe/{user}", types: [], qos: 1, isRetained: false, maxBytes: 1048576 },
} as const satisfies Record<string, Channel>;

/** What a reader checks, by class name. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Advice: {"properties": {"type": {"const": "advice", "default": "advice", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "revision": {"minimum": 0, "type": "integer"}, "photograph_count": {"minimum": 0, "type": "integer"}, "is_dense": {"type": "boolean"}, "is_walk_unfinished": {"type": "boolean"}, "metres_per_unit": {"anyOf": [{"exclusiveMinimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "places": {"default": [], "items": {"$ref": "AdvisedPlace"}, "maxItems": 3, "type": "array"}}, "required": ["project", "generation", "revision", "photograph_count", "is_dense", "is_walk_unfinished"], "type": "object"},
  AdvisedPlace: {"properties": {"code": {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, "position": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "looking": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "target": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"minimum": 1, "type": "integer"}, "step": {"exclusiveMinimum": 0, "type": "number"}, "steps_right": {"maximum": 100, "minimum": -100, "type": "number"}, "steps_up": {"maximum": 100, "minimum": -100, "type": "number"}, "steps_ahead": {"maximum": 100, "minimum": -100, "type": "number"}, "turn_right_deg": {"maximum": 180, "minimum": -180, "type": "number"}, "tilt_up_deg": {"maximum": 180, "minimum": -180, "type": "number"}, "marked": {"anyOf": [{"$ref": "MarkedPlace"}, {"type": "null"}], "default": null}, "cell_count": {"minimum": 0, "type": "integer"}}, "required": ["code", "position", "looking", "target", "image_id", "image_number", "step", "steps_right", "steps_up", "steps_ahead", "turn_right_deg", "tilt_up_deg", "cell_count"], "type": "object"},
  AgentDescription: {"properties": {"type": {"const": "agent_description", "default": "agent_description", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "agent": {"maxLength": 64, "pattern": "^(?:rig-[a-z0-9][a-z0-9-]{0,58})$", "type": "string"}, "program_version": {"maxLength": 64, "type": "string"}, "camera": {"maxLength": 128, "type": "string"}, "machine": {"maxLength": 256, "type": "string"}}, "required": ["project", "agent", "program_version", "camera", "machine"], "type": "object"},
  AgentHealth: {"properties": {"type": {"const": "agent_health", "default": "agent_health", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "agent": {"maxLength": 64, "pattern": "^(?:rig-[a-z0-9][a-z0-9-]{0,58})$", "type": "string"}, "captured_count": {"minimum": 0, "type": "integer"}, "kept_count": {"minimum": 0, "type": "integer"}, "dropped_count": {"minimum": 0, "type": "integer"}, "sent_count": {"minimum": 0, "type": "integer"}, "stored_count": {"minimum": 0, "type": "integer"}, "rejected_count": {"minimum": 0, "type": "integer"}, "spool_count": {"minimum": 0, "type": "integer"}, "spool_bytes": {"minimum": 0, "type": "integer"}, "held_count": {"default": 0, "minimum": 0, "type": "integer"}, "preview_count": {"default": 0, "minimum": 0, "type": "integer"}, "spool_oldest_s": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "disk_free_bytes": {"minimum": 0, "type": "integer"}, "memory_bytes": {"minimum": 0, "type": "integer"}, "load_ratio": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "temperature_deg": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "battery_ratio": {"anyOf": [{"maximum": 1, "minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "is_throttled": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": null}, "is_clock_synchronised": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": null}, "reconnect_count": {"minimum": 0, "type": "integer"}, "camera_restart_count": {"default": 0, "minimum": 0, "type": "integer"}, "left_out_count": {"default": 0, "minimum": 0, "type": "integer"}, "receipt_s": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "alarms": {"default": [], "items": {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, "type": "array"}, "last_error": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "agent", "captured_count", "kept_count", "dropped_count", "sent_count", "stored_count", "rejected_count", "spool_count", "spool_bytes", "disk_free_bytes", "memory_bytes", "reconnect_count"], "type": "object"},
  AgentPresence: {"enum": ["online", "offline"], "type": "string"},
  AgentSettings: {"properties": {"interval_s": {"anyOf": [{"exclusiveMinimum": 0, "maximum": 86400, "type": "number"}, {"type": "null"}], "default": null}, "blur_ratio": {"anyOf": [{"maximum": 1, "minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "duplicate_bits": {"anyOf": [{"maximum": 64, "minimum": 0, "type": "integer"}, {"type": "null"}], "default": null}, "is_gps_stripped": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": null}, "jpeg_quality": {"anyOf": [{"maximum": 100, "minimum": 50, "type": "integer"}, {"type": "null"}], "default": null}}, "type": "object"},
  AgentState: {"properties": {"type": {"const": "agent_state", "default": "agent_state", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "agent": {"maxLength": 64, "pattern": "^(?:rig-[a-z0-9][a-z0-9-]{0,58})$", "type": "string"}, "boot_id": {"maxLength": 64, "type": "string"}, "run_id": {"default": "", "maxLength": 64, "type": "string"}, "session": {"default": "", "maxLength": 39, "type": "string"}, "presence": {"$ref": "AgentPresence"}, "is_capturing": {"default": false, "type": "boolean"}, "is_finished": {"default": false, "type": "boolean"}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "agent", "boot_id", "presence"], "type": "object"},
  Bounds: {"properties": {"minimum": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "maximum": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}}, "required": ["minimum", "maximum"], "type": "object"},
  ByteRange: {"properties": {"begin": {"minimum": 0, "type": "integer"}, "end": {"minimum": 0, "type": "integer"}}, "required": ["begin", "end"], "type": "object"},
  CameraEntry: {"properties": {"image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"anyOf": [{"minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "file_name": {"anyOf": [{"maxLength": 120, "type": "string"}, {"type": "null"}], "default": null}, "capture_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, {"type": "null"}], "default": null}, "has_original": {"default": true, "type": "boolean"}, "state": {"$ref": "CameraState"}, "component": {"default": 0, "maximum": 9999, "minimum": 0, "type": "integer"}, "code": {"anyOf": [{"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, {"type": "null"}], "default": null}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}, "world_from_camera": {"anyOf": [{"maxItems": 4, "minItems": 4, "prefixItems": [{"maxItems": 4, "minItems": 4, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, {"maxItems": 4, "minItems": 4, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, {"maxItems": 4, "minItems": 4, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, {"maxItems": 4, "minItems": 4, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}], "type": "array"}, {"type": "null"}], "default": null}, "intrinsics": {"anyOf": [{"maxItems": 4, "minItems": 4, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, {"type": "null"}], "default": null}, "distortion": {"default": [], "items": {"type": "number"}, "maxItems": 8, "type": "array"}, "reprojection_error_px": {"anyOf": [{"minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "width_px": {"anyOf": [{"minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "height_px": {"anyOf": [{"minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}}, "required": ["image_id", "state"], "type": "object"},
  CameraPage: {"properties": {"type": {"const": "camera_page", "default": "camera_page", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "cameras": {"items": {"$ref": "CameraEntry"}, "maxItems": 64, "minItems": 1, "type": "array"}}, "required": ["project", "cameras"], "type": "object"},
  CameraState: {"enum": ["placed", "waiting", "rejected"], "type": "string"},
  CaptureReport: {"properties": {"capture_at": {"format": "date-time", "type": "string"}, "capture_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "fired_at": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}, "deviation_s": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "image_count": {"default": 0, "minimum": 0, "type": "integer"}, "image_ids": {"default": [], "items": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "maxItems": 64, "type": "array"}}, "required": ["capture_at", "capture_id"], "type": "object"},
  Command: {"properties": {"type": {"const": "command", "default": "command", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "verb": {"enum": ["capture", "capture_at", "pause", "resume", "cancel", "reboot"], "type": "string"}, "deadline_at": {"format": "date-time", "type": "string"}, "capture_at": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}, "image_count": {"anyOf": [{"maximum": 10000, "minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "capture_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "id", "verb", "deadline_at"], "type": "object"},
  CommandReply: {"properties": {"type": {"const": "command_reply", "default": "command_reply", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "agent": {"maxLength": 64, "pattern": "^(?:rig-[a-z0-9][a-z0-9-]{0,58})$", "type": "string"}, "is_done": {"type": "boolean"}, "code": {"anyOf": [{"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, {"type": "null"}], "default": null}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}, "report": {"anyOf": [{"$ref": "CaptureReport"}, {"type": "null"}], "default": null}}, "required": ["project", "id", "agent", "is_done"], "type": "object"},
  Component: {"properties": {"id": {"default": 0, "maximum": 9999, "minimum": 0, "type": "integer"}, "image_count": {"default": 0, "minimum": 0, "type": "integer"}, "world_from_component": {"$ref": "Similarity", "default": {"scale": 1.0, "rotation_wxyz": [1.0, 0.0, 0.0, 0.0], "translation": [0.0, 0.0, 0.0]}}}, "type": "object"},
  Coverage: {"properties": {"type": {"const": "coverage", "default": "coverage", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "revision": {"minimum": 0, "type": "integer"}, "photograph_count": {"minimum": 0, "type": "integer"}, "is_dense": {"type": "boolean"}, "cell_count": {"minimum": 0, "type": "integer"}, "bad_cell_count": {"minimum": 0, "type": "integer"}, "hole_cell_count": {"minimum": 0, "type": "integer"}, "grid_sha256": {"pattern": "^[0-9a-f]{64}$", "type": "string"}, "grid_bytes": {"minimum": 1, "type": "integer"}}, "required": ["project", "generation", "revision", "photograph_count", "is_dense", "cell_count", "bad_cell_count", "hole_cell_count", "grid_sha256", "grid_bytes"], "type": "object"},
  DesiredScaleBar: {"properties": {"type": {"const": "desired_scale_bar", "default": "desired_scale_bar", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "begin": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "end": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "distance_m": {"exclusiveMinimum": 0, "maximum": 100000, "type": "number"}}, "required": ["project", "generation", "begin", "end", "distance_m"], "type": "object"},
  DesiredSettings: {"properties": {"type": {"const": "desired_settings", "default": "desired_settings", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "version": {"minimum": 0, "type": "integer"}, "settings": {"$ref": "AgentSettings"}}, "required": ["project", "version", "settings"], "type": "object"},
  EarlierShard: {"properties": {"index": {"minimum": 0, "type": "integer"}, "sha256": {"pattern": "^[0-9a-f]{64}$", "type": "string"}, "size_bytes": {"exclusiveMinimum": 0, "maximum": 524288, "type": "integer"}, "point_count": {"exclusiveMinimum": 0, "maximum": 16384, "type": "integer"}}, "required": ["index", "sha256", "size_bytes", "point_count"], "type": "object"},
  EncodedShard: {"properties": {"encoding": {"$ref": "Encoding"}, "size_bytes": {"minimum": 1, "type": "integer"}, "sha256": {"pattern": "^[0-9a-f]{64}$", "type": "string"}}, "required": ["encoding", "size_bytes", "sha256"], "type": "object"},
  Encoding: {"enum": ["ply", "packed"], "type": "string"},
  Error: {"properties": {"type": {"const": "error", "default": "error", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "code": {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, "reason": {"maxLength": 2000, "type": "string"}, "image_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, {"type": "null"}], "default": null}, "topic": {"anyOf": [{"maxLength": 1024, "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "code", "reason"], "type": "object"},
  EventHistory: {"properties": {"type": {"const": "event_history", "default": "event_history", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "events": {"items": {"oneOf": [{"$ref": "ProcessingStarted"}, {"$ref": "RefetchStarting"}, {"$ref": "ShardUpdate"}, {"$ref": "ProcessingComplete"}, {"$ref": "Error"}]}, "maxItems": 100, "type": "array"}}, "required": ["project", "events"], "type": "object"},
  ExportFormat: {"enum": ["ply", "laz", "gltf", "e57", "colmap", "report"], "type": "string"},
  ExportedFile: {"properties": {"name": {"maxLength": 100, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62}-[0-9]{8}-[0-9]{6}(?:[.]ply|[.]laz|[.]glb|[.]e57|-colmap[.]zip|-report[.]html))$", "type": "string"}, "size_bytes": {"minimum": 1, "type": "integer"}, "point_count": {"minimum": 0, "type": "integer"}, "is_metric": {"type": "boolean"}}, "required": ["name", "size_bytes", "point_count", "is_metric"], "type": "object"},
  Flow: {"properties": {"type": {"const": "flow", "default": "flow", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_count": {"minimum": 1, "type": "integer"}, "size_bytes": {"minimum": 1, "type": "integer"}, "pause_until": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}, "code": {"anyOf": [{"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, {"type": "null"}], "default": null}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "image_count", "size_bytes"], "type": "object"},
  GenerationHistory: {"properties": {"type": {"const": "generation_history", "default": "generation_history", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generations": {"items": {"$ref": "GenerationRow"}, "maxItems": 100, "type": "array"}}, "required": ["project", "generations"], "type": "object"},
  GenerationRow: {"properties": {"generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "made_at": {"format": "date-time", "type": "string"}, "first_image_count": {"minimum": 0, "type": "integer"}, "image_count": {"minimum": 0, "type": "integer"}, "point_count": {"minimum": 0, "type": "integer"}, "offset": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "world_from_previous": {"$ref": "Similarity"}, "mean_reprojection_error_px": {"anyOf": [{"minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "metres_per_unit": {"anyOf": [{"exclusiveMinimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "scale_deviation_ratio": {"anyOf": [{"minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "shards": {"default": [], "items": {"$ref": "EarlierShard"}, "maxItems": 8, "type": "array"}}, "required": ["generation", "made_at", "first_image_count", "image_count", "point_count", "offset", "world_from_previous"], "type": "object"},
  LeftOut: {"properties": {"point_count": {"default": 0, "minimum": 0, "type": "integer"}, "shard_count": {"default": 0, "minimum": 0, "type": "integer"}, "ply_count": {"default": 0, "minimum": 0, "type": "integer"}}, "type": "object"},
  Manifest: {"properties": {"type": {"const": "manifest", "default": "manifest", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "store_id": {"pattern": "^[0-9a-f]{16}$", "type": "string"}, "epoch": {"minimum": 0, "type": "integer"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 0, "type": "integer"}, "revision": {"minimum": 0, "type": "integer"}, "previous_generation": {"anyOf": [{"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "image_count": {"minimum": 0, "type": "integer"}, "frame": {"$ref": "WorldFrame"}, "bounds": {"$ref": "Bounds"}, "point_count": {"minimum": 0, "type": "integer"}, "shard_count": {"minimum": 0, "type": "integer"}, "level_count": {"maximum": 32, "minimum": 0, "type": "integer"}, "components": {"default": [{"id": 0, "image_count": 0, "world_from_component": {"rotation_wxyz": [1.0, 0.0, 0.0, 0.0], "scale": 1.0, "translation": [0.0, 0.0, 0.0]}}], "items": {"$ref": "Component"}, "minItems": 1, "type": "array"}, "shard_pages": {"items": {"maxLength": 64, "pattern": "^(?:[0-9a-f]{32})$", "type": "string"}, "type": "array"}, "camera_pages": {"items": {"maxLength": 64, "pattern": "^(?:[0-9a-f]{32})$", "type": "string"}, "type": "array"}, "left_out": {"$ref": "LeftOut", "default": {"point_count": 0, "shard_count": 0, "ply_count": 0}}}, "required": ["project", "store_id", "epoch", "generation", "revision", "image_count", "frame", "bounds", "point_count", "shard_count", "level_count", "shard_pages", "camera_pages"], "type": "object"},
  ManifestPage: {"properties": {"type": {"const": "manifest_page", "default": "manifest_page", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "shards": {"items": {"$ref": "ShardEntry"}, "maxItems": 64, "minItems": 1, "type": "array"}}, "required": ["project", "generation", "shards"], "type": "object"},
  MarkedPlace: {"properties": {"image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"minimum": 1, "type": "integer"}, "across": {"maximum": 1, "minimum": 0, "type": "number"}, "down": {"maximum": 1, "minimum": 0, "type": "number"}}, "required": ["image_id", "image_number", "across", "down"], "type": "object"},
  Measure: {"properties": {"type": {"const": "measure", "default": "measure", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "revision": {"default": 1, "maximum": 2147483647, "minimum": 1, "type": "integer"}, "kind": {"$ref": "MeasureKind"}, "points": {"items": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "maxItems": 40, "minItems": 2, "type": "array"}, "name": {"default": "", "maxLength": 80, "type": "string"}}, "required": ["project", "generation", "kind", "points"], "type": "object"},
  MeasureKind: {"enum": ["distance", "height", "angle", "area"], "type": "string"},
  Missing: {"properties": {"type": {"const": "missing", "default": "missing", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "pieces": {"default": [], "items": {"$ref": "MissingPieces"}, "type": "array"}, "sequences": {"default": [], "items": {"$ref": "MissingSequences"}, "type": "array"}}, "required": ["project"], "type": "object"},
  MissingPieces: {"properties": {"image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "ranges": {"items": {"$ref": "ByteRange"}, "type": "array"}}, "required": ["image_id", "ranges"], "type": "object"},
  MissingSequences: {"properties": {"session": {"maxLength": 39, "type": "string"}, "sequences": {"items": {"minimum": 0, "type": "integer"}, "type": "array"}}, "required": ["session", "sequences"], "type": "object"},
  NameRefused: {"properties": {"type": {"const": "name_refused", "default": "name_refused", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "shown_name": {"maxLength": 256, "type": "string"}, "code": {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, "reason": {"maxLength": 2000, "type": "string"}}, "required": ["project", "shown_name", "code", "reason"], "type": "object"},
  Note: {"properties": {"type": {"const": "note", "default": "note", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "revision": {"default": 1, "maximum": 2147483647, "minimum": 1, "type": "integer"}, "point": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "text": {"maxLength": 500, "type": "string"}}, "required": ["project", "generation", "point", "text"], "type": "object"},
  Presence: {"properties": {"type": {"const": "presence", "default": "presence", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "user": {"maxLength": 64, "pattern": "^(?:(?!rig-)[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "connection": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "program": {"maxLength": 64, "type": "string"}}, "required": ["project", "user", "connection", "program"], "type": "object"},
  ProcessingComplete: {"properties": {"type": {"const": "processing_complete", "default": "processing_complete", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"minimum": 1, "type": "integer"}, "state": {"enum": ["placed", "waiting", "rejected", "unknown"], "type": "string"}, "is_refetch": {"type": "boolean"}, "generation": {"anyOf": [{"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "revision": {"default": 0, "minimum": 0, "type": "integer"}, "new_point_count": {"minimum": 0, "type": "integer"}, "duration_s": {"minimum": 0, "type": "number"}, "stored_to_shard_s": {"anyOf": [{"minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "captured_to_shard_s": {"anyOf": [{"minimum": 0, "type": "number"}, {"type": "null"}], "default": null}}, "required": ["project", "image_id", "image_number", "state", "is_refetch", "new_point_count", "duration_s"], "type": "object"},
  ProcessingStarted: {"properties": {"type": {"const": "processing_started", "default": "processing_started", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"minimum": 1, "type": "integer"}}, "required": ["project", "image_id", "image_number"], "type": "object"},
  Progress: {"properties": {"type": {"const": "progress", "default": "progress", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, {"type": "null"}], "default": null}, "request_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, {"type": "null"}], "default": null}, "stage": {"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, "done_ratio": {"maximum": 1, "minimum": 0, "type": "number"}}, "required": ["project", "stage", "done_ratio"], "type": "object"},
  ReceiptStatus: {"enum": ["previewed", "preview_refused", "stored", "duplicate", "rejected"], "type": "string"},
  ReconstructorPresence: {"enum": ["ready", "paused", "disk_full", "offline"], "type": "string"},
  ReconstructorState: {"properties": {"type": {"const": "reconstructor_state", "default": "reconstructor_state", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "presence": {"$ref": "ReconstructorPresence"}, "title": {"default": "", "maxLength": 120, "type": "string"}, "boot_id": {"maxLength": 64, "type": "string"}, "store_id": {"anyOf": [{"pattern": "^[0-9a-f]{16}$", "type": "string"}, {"type": "null"}], "default": null}, "epoch": {"default": 0, "minimum": 0, "type": "integer"}, "host": {"default": "", "maxLength": 64, "type": "string"}, "contested_since": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}, "black_box": {"default": "", "maxLength": 256, "type": "string"}, "has_manifest": {"default": false, "type": "boolean"}, "image_count": {"default": 0, "minimum": 0, "type": "integer"}, "refetch_every": {"default": 10, "minimum": 1, "type": "integer"}, "takes_previews": {"default": false, "type": "boolean"}, "preview_max_side_px": {"default": 1224, "maximum": 16384, "minimum": 160, "type": "integer"}, "code": {"anyOf": [{"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, {"type": "null"}], "default": null}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "presence", "boot_id"], "type": "object"},
  ReconstructorStatistics: {"properties": {"type": {"const": "reconstructor_statistics", "default": "reconstructor_statistics", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "stored_count": {"minimum": 0, "type": "integer"}, "placed_count": {"minimum": 0, "type": "integer"}, "waiting_count": {"minimum": 0, "type": "integer"}, "preview_count": {"default": 0, "minimum": 0, "type": "integer"}, "rejected_count": {"minimum": 0, "type": "integer"}, "queued_count": {"minimum": 0, "type": "integer"}, "error_count": {"minimum": 0, "type": "integer"}, "generation": {"anyOf": [{"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "shard_count": {"minimum": 0, "type": "integer"}, "point_count": {"minimum": 0, "type": "integer"}, "retained_bytes": {"minimum": 0, "type": "integer"}, "disk_free_bytes": {"minimum": 0, "type": "integer"}, "memory_bytes": {"minimum": 0, "type": "integer"}, "uptime_s": {"type": "number"}, "stored_to_shard_p50_s": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "stored_to_shard_p95_s": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "queued_since": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}, "processed_at": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}, "refetch_s": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}}, "required": ["project", "stored_count", "placed_count", "waiting_count", "rejected_count", "queued_count", "error_count", "shard_count", "point_count", "retained_bytes", "disk_free_bytes", "memory_bytes", "uptime_s"], "type": "object"},
  RefetchStarting: {"properties": {"type": {"const": "refetch_starting", "default": "refetch_starting", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"minimum": 1, "type": "integer"}, "next_generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}}, "required": ["project", "image_id", "image_number", "next_generation"], "type": "object"},
  RefusedField: {"properties": {"field": {"maxLength": 64, "type": "string"}, "reason": {"maxLength": 2000, "type": "string"}}, "required": ["field", "reason"], "type": "object"},
  ReportedSettings: {"properties": {"type": {"const": "reported_settings", "default": "reported_settings", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "agent": {"maxLength": 64, "pattern": "^(?:rig-[a-z0-9][a-z0-9-]{0,58})$", "type": "string"}, "version": {"minimum": 0, "type": "integer"}, "settings": {"$ref": "AgentSettings"}, "refused": {"default": [], "items": {"$ref": "RefusedField"}, "type": "array"}}, "required": ["project", "agent", "version", "settings"], "type": "object"},
  Request: {"properties": {"type": {"const": "request", "default": "request", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "verb": {"$ref": "Verb"}, "connection": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"anyOf": [{"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "shards": {"default": [], "items": {"minimum": 0, "type": "integer"}, "type": "array"}, "image_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, {"type": "null"}], "default": null}, "max_side_px": {"default": 2048, "maximum": 2048, "minimum": 320, "type": "integer"}, "format": {"anyOf": [{"$ref": "ExportFormat"}, {"type": "null"}], "default": null}, "has_names": {"default": true, "type": "boolean"}}, "required": ["project", "id", "verb", "connection"], "type": "object"},
  Response: {"properties": {"type": {"const": "response", "default": "response", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "verb": {"$ref": "Verb"}, "is_done": {"type": "boolean"}, "code": {"anyOf": [{"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, {"type": "null"}], "default": null}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}, "request_sent_at": {"format": "date-time", "type": "string"}, "received_at": {"format": "date-time", "type": "string"}, "republished_count": {"default": 0, "minimum": 0, "type": "integer"}, "is_preview": {"default": false, "type": "boolean"}, "export": {"anyOf": [{"$ref": "ExportedFile"}, {"type": "null"}], "default": null}}, "required": ["project", "id", "verb", "is_done", "request_sent_at", "received_at"], "type": "object"},
  ScaleBar: {"properties": {"type": {"const": "scale_bar", "default": "scale_bar", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "begin": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "end": {"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "distance_m": {"exclusiveMinimum": 0, "maximum": 100000, "type": "number"}, "user": {"maxLength": 64, "pattern": "^(?:(?!rig-)[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}}, "required": ["project", "generation", "begin", "end", "distance_m", "user"], "type": "object"},
  ScaleSource: {"enum": ["none", "baseline", "scale_bar", "gps"], "type": "string"},
  ShardEntry: {"properties": {"index": {"maximum": 9999999, "minimum": 0, "type": "integer"}, "level": {"maximum": 32, "minimum": 0, "type": "integer"}, "kind": {"enum": ["reference", "incremental"], "type": "string"}, "image_number": {"anyOf": [{"minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "component": {"default": 0, "maximum": 9999, "minimum": 0, "type": "integer"}, "point_count": {"minimum": 1, "type": "integer"}, "bounds": {"$ref": "Bounds"}, "encodings": {"items": {"$ref": "EncodedShard"}, "type": "array"}}, "required": ["index", "level", "kind", "point_count", "bounds", "encodings"], "type": "object"},
  ShardUpdate: {"properties": {"type": {"const": "shard_update", "default": "shard_update", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "image_number": {"minimum": 1, "type": "integer"}, "generation": {"exclusiveMaximum": 1000000000, "minimum": 1, "type": "integer"}, "revision": {"minimum": 0, "type": "integer"}, "shards": {"items": {"minimum": 0, "type": "integer"}, "type": "array"}, "point_count": {"minimum": 0, "type": "integer"}}, "required": ["project", "image_id", "image_number", "generation", "revision", "shards", "point_count"], "type": "object"},
  Similarity: {"properties": {"scale": {"default": 1.0, "exclusiveMinimum": 0, "type": "number"}, "rotation_wxyz": {"default": [1.0, 0.0, 0.0, 0.0], "maxItems": 4, "minItems": 4, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "translation": {"default": [0.0, 0.0, 0.0], "maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}}, "type": "object"},
  UploadAcknowledged: {"properties": {"type": {"const": "upload_acknowledged", "default": "upload_acknowledged", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "status": {"$ref": "ReceiptStatus"}, "image_name": {"maxLength": 200, "pattern": "^(?:(?!(?:missing|flow|wanted|refused)$)[^/+#\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff\ud83f\udffe\ud83f\udfff\ud87f\udffe\ud87f\udfff\ud8bf\udffe\ud8bf\udfff\ud8ff\udffe\ud8ff\udfff\ud93f\udffe\ud93f\udfff\ud97f\udffe\ud97f\udfff\ud9bf\udffe\ud9bf\udfff\ud9ff\udffe\ud9ff\udfff\uda3f\udffe\uda3f\udfff\uda7f\udffe\uda7f\udfff\udabf\udffe\udabf\udfff\udaff\udffe\udaff\udfff\udb3f\udffe\udb3f\udfff\udb7f\udffe\udb7f\udfff\udbbf\udffe\udbbf\udfff\udbff\udffe\udbff\udfff\udb40\udc00-\udb40\udc7f]{1,200})$", "type": "string", "x-max-bytes": 200}, "image_id": {"anyOf": [{"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, {"type": "null"}], "default": null}, "image_number": {"anyOf": [{"minimum": 1, "type": "integer"}, {"type": "null"}], "default": null}, "sha256": {"anyOf": [{"pattern": "^[0-9a-f]{64}$", "type": "string"}, {"type": "null"}], "default": null}, "code": {"anyOf": [{"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$", "type": "string"}, {"type": "null"}], "default": null}, "reason": {"anyOf": [{"maxLength": 2000, "type": "string"}, {"type": "null"}], "default": null}, "retry_at": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": null}}, "required": ["project", "status", "image_name"], "type": "object"},
  UploadBegin: {"properties": {"type": {"const": "upload_begin", "default": "upload_begin", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "content_type": {"maxLength": 64, "type": "string"}, "size_bytes": {"minimum": 1, "type": "integer"}, "piece_bytes": {"minimum": 1, "type": "integer"}, "sha256": {"pattern": "^[0-9a-f]{64}$", "type": "string"}}, "required": ["project", "image_id", "content_type", "size_bytes", "piece_bytes", "sha256"], "type": "object"},
  UploadEnd: {"properties": {"type": {"const": "upload_end", "default": "upload_end", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "image_id": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "size_bytes": {"minimum": 1, "type": "integer"}, "sha256": {"pattern": "^[0-9a-f]{64}$", "type": "string"}}, "required": ["project", "image_id", "size_bytes", "sha256"], "type": "object"},
  Verb: {"enum": ["resync", "ping", "photograph", "earlier", "export", "refetch", "pause", "resume"], "type": "string"},
  Wanted: {"properties": {"type": {"const": "wanted", "default": "wanted", "type": "string"}, "schema": {"default": "1.0", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$", "type": "string"}, "sent_at": {"format": "date-time", "type": "string"}, "project": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,62})$", "type": "string"}, "images": {"items": {"maxLength": 64, "pattern": "^(?:[a-z0-9][a-z0-9-]{0,38}-[0-9]{6}-[0-9a-f]{16})$", "type": "string"}, "maxItems": 64, "type": "array"}}, "required": ["project", "images"], "type": "object"},
  WorldFrame: {"properties": {"metres_per_unit": {"anyOf": [{"exclusiveMinimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "scale_source": {"$ref": "ScaleSource", "default": "none"}, "scale_deviation_ratio": {"anyOf": [{"minimum": 0, "type": "number"}, {"type": "null"}], "default": null}, "up": {"anyOf": [{"maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, {"type": "null"}], "default": null}, "offset": {"default": [0.0, 0.0, 0.0], "maxItems": 3, "minItems": 3, "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "number"}], "type": "array"}, "world_from_previous": {"$ref": "Similarity", "default": {"scale": 1.0, "rotation_wxyz": [1.0, 0.0, 0.0, 0.0], "translation": [0.0, 0.0, 0.0]}}}, "type": "object"},
};

/** The class of every message type. */
export const MODELS: Readonly<Record<MessageType, string>> = {
  advice: "Advice",
  agent_description: "AgentDescription",
  agent_health: "AgentHealth",
  agent_state: "AgentState",
  camera_page: "CameraPage",
  command: "Command",
  command_reply: "CommandReply",
  coverage: "Coverage",
  desired_scale_bar: "DesiredScaleBar",
  desired_settings: "DesiredSettings",
  error: "Error",
  event_history: "EventHistory",
  flow: "Flow",
  generation_history: "GenerationHistory",
  manifest: "Manifest",
  manifest_page: "ManifestPage",
  measure: "Measure",
  missing: "Missing",
  name_refused: "NameRefused",
  note: "Note",
  presence: "Presence",
  processing_complete: "ProcessingComplete",
  processing_started: "ProcessingStarted",
  progress: "Progress",
  reconstructor_state: "ReconstructorState",
  reconstructor_statistics: "ReconstructorStatistics",
  refetch_starting: "RefetchStarting",
  reported_settings: "ReportedSettings",
  request: "Request",
  response: "Response",
  scale_bar: "ScaleBar",
  shard_update: "ShardUpdate",
  upload_acknowledged: "UploadAcknowledged",
  upload_begin: "UploadBegin",
  upload_end: "UploadEnd",
  wanted: "Wanted",
};
