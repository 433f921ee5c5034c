/** Which limits does the broker announce? The packet size, QoS and retained messages of its CONNACK. Pure. */
import { WireError } from "./errors";

/** The properties of a CONNACK that matter to the page. */
export interface AnnouncedLimits {
  readonly maximumPacketSize?: number;
  readonly maximumQoS?: number;
  readonly retainAvailable?: boolean;
}

/** The bytes of a PUBLISH besides topic and payload: headers, lengths and the content type. */
const OVERHEAD_BYTES = 96;

/** Why this page cannot work with the broker, and what to do; null when it can. */
export function complaintOf({ maximumQoS = 2, retainAvailable = true }: AnnouncedLimits): string | null {
  if (maximumQoS < 1) return "The broker takes no QoS 1, without which photos get lost. Allow QoS 1 on the broker.";
  if (!retainAvailable) return "The broker retains no messages, from which every page begins. Switch them on.";
  return null;
}

/** The most payload bytes that a message to this topic may have. */
export function roomFor(topic: string, { maximumPacketSize = Infinity }: AnnouncedLimits): number {
  return maximumPacketSize - OVERHEAD_BYTES - new TextEncoder().encode(topic).length;
}

/** Throw `packet_too_large` when the broker would end the connection because of a message. */
export function checkRoom(topic: string, payloadBytes: number, limits: AnnouncedLimits): void {
  const over = payloadBytes - roomFor(topic, limits);
  if (over > 0)
    throw new WireError(
      "packet_too_large",
      `A message of ${payloadBytes} bytes is ${over} above what the broker takes. Raise its max_packet_size.`,
    );
}
