/** How does JSON become a message? Parsing, then a check against the contract's generated schemas. */
import type { Message, MessageType } from "./contract";
import { CHANNELS, MODELS, SCHEMAS, SCHEMA_MAJOR } from "./contract";
import { WireError } from "./errors";
import { Checker } from "./schema";
import type { ChannelName } from "./topics";

/** The messages that the page uses. It ignores the others on its channels. */
const READ = [
  "manifest",
  "manifest_page",
  "camera_page",
  "reconstructor_state",
  "reconstructor_statistics",
  "processing_started",
  "refetch_starting",
  "progress",
  "shard_update",
  "processing_complete",
  "error",
  "upload_acknowledged",
  "missing",
  "wanted",
  "response",
  "scale_bar",
  "presence",
  "agent_state",
  "agent_health",
  "event_history",
] as const satisfies readonly MessageType[];

export type ReadMessage = Extract<Message, { readonly type: (typeof READ)[number] }>;

const ENVELOPE_MAX_TYPE = 64;
const SCHEMA_NUMBER = /^([0-9]{1,4})\.[0-9]{1,4}$/;
const checker = new Checker(SCHEMAS);

/**
 * Decode and check a payload of one channel; null for a message that the page does not use.
 *
 * Throws `bad_message` where pydantic would refuse the message, and `unknown_schema` for another major schema.
 */
export function decodeMessage(channel: ChannelName, payload: Uint8Array): ReadMessage | null {
  const { maxBytes, types }: { maxBytes: number; types: readonly string[] } = CHANNELS[channel];
  if (payload.length > maxBytes)
    throw new WireError("bad_message", `${payload.length} bytes are above the channel's limit of ${maxBytes}`);
  const value = parseJson(payload);
  const { type } = value as { readonly type?: unknown };
  if (typeof type === "string" && !types.includes(type))
    throw new WireError("bad_message", `${type.slice(0, ENVELOPE_MAX_TYPE)} does not belong on channel ${channel}`);
  if (isType(type) && !isRead(type)) return null;
  const message = checkMessage(value);
  return isRead(message.type) ? (message as ReadMessage) : null;
}

/** Check a value against the schema of its `type`. The envelope is checked first. */
export function checkMessage(value: unknown): Message {
  if (typeof value !== "object" || value === null) throw new WireError("bad_message", "message: an object expected");
  const { schema, type } = value as { readonly schema?: unknown; readonly type?: unknown };
  if (!isType(type)) throw new WireError("bad_message", `type: a known message type expected`);
  const major = typeof schema === "string" ? SCHEMA_NUMBER.exec(schema)?.[1] : undefined;
  if (major === undefined) throw new WireError("bad_message", "schema: two numbers such as 1.0 expected");
  if (major !== String(SCHEMA_MAJOR))
    throw new WireError(
      "unknown_schema",
      `This page cannot read messages of schema ${String(schema)}. Load the page again to update it.`,
    );
  return checker.check(value, MODELS[type]) as Message;
}

/** Encode a message as JSON and fill in its envelope. */
export function encodeMessage<T extends Message>(message: Omit<T, "schema" | "sent_at">): Uint8Array {
  const full = { ...message, schema: `${SCHEMA_MAJOR}.0`, sent_at: new Date().toISOString() };
  return new TextEncoder().encode(JSON.stringify(full));
}

function isType(type: unknown): type is MessageType {
  return typeof type === "string" && Object.hasOwn(MODELS, type);
}

function isRead(type: MessageType): boolean {
  return (READ as readonly MessageType[]).includes(type);
}

export function parseJson(payload: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    throw new WireError("bad_message", "not JSON in UTF-8");
  }
  if (typeof value !== "object" || value === null) throw new WireError("bad_message", "message: an object expected");
  return value;
}
