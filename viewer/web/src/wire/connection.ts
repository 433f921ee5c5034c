/** How does the page reach the broker? MQTT 5 over the page server's relay, by MQTT.js, with automatic reconnection. */
import type { ErrorWithReasonCode, IConnackPacket, MqttClient } from "mqtt";
import mqtt from "mqtt";

import { CHANNELS } from "./contract";
import { WireError, sentenceOf } from "./errors";
import { freshName } from "./ids";
import type { Credentials } from "./credentials";
import type { AnnouncedLimits } from "./limits";
import { checkRoom, complaintOf, roomFor } from "./limits";
import type { ChannelName, Levels, TopicSpace } from "./topics";

/** The state of the connection. */
export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly count: number }
  /** `isHeldBack`: after wrong passwords the page server passes no login on for a while. */
  | { readonly kind: "lost"; readonly attempt: number; readonly isHeldBack: boolean }
  /** `isLoginWrong`: name or password are wrong; else the broker itself cannot be used. */
  | { readonly kind: "refused"; readonly reason: string; readonly isLoginWrong: boolean }
  | { readonly kind: "closed" };

export interface ConnectionOptions {
  readonly url: string;
  readonly credentials: Credentials;
  readonly space: TopicSpace;
  /** The name of this connection. Two tabs of one person are two connections. */
  readonly name: string;
  readonly onState: (state: LinkState) => void;
  readonly onMessage: (topic: string, payload: Uint8Array<ArrayBuffer>) => void;
}

const RECEIVE_MAXIMUM = 8; // limits what the broker holds for a stalled page
const KEEPALIVE_S = 20;
const CONNECT_TIMEOUT_MS = 8000;
const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 8000;
/** The page server lets a login wait for a minute at most. */
const FIRST_HELD_BACK_MS = 4000;
const LAST_HELD_BACK_MS = 32_000;
const NOT_AUTHORISED = 0x87;
const HELD_BACK = 0x9f;
/** MQTT reason codes after which a retry is useless: bad user or password, not authorised, banned, bad method. */
const REFUSALS: ReadonlySet<number> = new Set([0x04, 0x05, 0x85, 0x86, 0x87, 0x8a, 0x8c]);
/** Those of them that say something about name and password. */
const WRONG_LOGINS: ReadonlySet<number> = new Set([0x04, 0x05, 0x86, 0x87]);

/** What a message says beside its payload. */
export interface About {
  readonly contentType?: string;
  /** What the photographer's file is called; exports name it so. */
  readonly fileName?: string;
}

/** One connection of one person to one project. */
export class Connection {
  private readonly client: MqttClient;
  private connectCount = 0;
  private attempt = 0;
  private heldBackCount = 0;
  private isHeldBack = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;
  private limits: AnnouncedLimits = {};

  constructor(private readonly options: ConnectionOptions) {
    const { credentials, name, space, url } = options;
    const { isRetained, qos } = CHANNELS.presence;
    this.client = mqtt.connect(url, {
      protocolVersion: 5,
      clientId: `page-${freshName()}`, // the connection's name is published; a known client id can be taken over
      username: credentials.user,
      password: credentials.password,
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: FIRST_RETRY_MS,
      resubscribe: false, // the load queue subscribes to what is missing
      timerVariant: "native", // the default starts a worker from a blob, which the page's content policy forbids
      properties: { receiveMaximum: RECEIVE_MAXIMUM, sessionExpiryInterval: 0 },
      will: {
        topic: space.topic("presence", { user: credentials.user, connection: name }),
        payload: new Uint8Array(0) as never, // an empty retained payload clears the presence
        qos,
        retain: isRetained,
      },
    });
    options.onState({ kind: "connecting" });
    this.listen();
  }

  /** Publish with the QoS and the retain flag of the channel's row. Resolves when the broker has the message. */
  async publish(channel: ChannelName, levels: Levels, payload: Uint8Array, about: About = {}): Promise<void> {
    const { isRetained, maxBytes, qos } = CHANNELS[channel];
    if (payload.length > maxBytes)
      throw new WireError("publish_refused", `${payload.length} bytes are more than a ${channel} message may have`);
    const topic = this.options.space.topic(channel, levels);
    checkRoom(topic, payload.length, this.limits);
    const { contentType, fileName } = about;
    const properties = {
      ...(contentType === undefined ? {} : { contentType }),
      ...(fileName === undefined ? {} : { userProperties: { file_name: fileName } }),
    };
    try {
      await this.client.publishAsync(topic, payload as never, {
        qos,
        retain: isRetained,
        properties,
      });
    } catch (thrown) {
      if ((thrown as Partial<ErrorWithReasonCode>).code === NOT_AUTHORISED)
        throw new WireError(
          "look_only",
          "You may look here, but you may not add or change anything. Ask for an account with more rights.",
        );
      throw new WireError("publish_refused", `the broker did not take the message: ${sentenceOf(thrown)}`);
    }
  }

  /**
   * Ask the broker whether it would take a message on a topic where nothing is retained: an empty retained message
   * clears what is not there, and nobody acts on it.
   */
  async isAllowed(channel: ChannelName, levels: Levels): Promise<boolean> {
    return (await this.ask(channel, levels)) === "allowed";
  }

  /** Whether the broker refuses such a message; without an answer: no. */
  async isRefused(channel: ChannelName, levels: Levels): Promise<boolean> {
    return (await this.ask(channel, levels)) === "refused";
  }

  private async ask(channel: ChannelName, levels: Levels): Promise<"allowed" | "refused" | "unknown"> {
    const { qos } = CHANNELS[channel];
    const topic = this.options.space.topic(channel, levels);
    try {
      await this.client.publishAsync(topic, new Uint8Array(0) as never, { qos, retain: true });
      return "allowed";
    } catch (thrown) {
      return (thrown as Partial<ErrorWithReasonCode>).code === NOT_AUTHORISED ? "refused" : "unknown";
    }
  }

  /** The most payload bytes that the channel and the broker let into one message. */
  room(channel: ChannelName, levels: Levels): number {
    return Math.min(CHANNELS[channel].maxBytes, roomFor(this.options.space.topic(channel, levels), this.limits));
  }

  /** Subscribe at QoS 1. Subscribing to an exact topic delivers its retained message. */
  subscribe(filters: readonly string[]): void {
    if (this.client.connected && filters.length > 0) this.client.subscribe([...filters], { qos: 1 }, ignore);
  }

  unsubscribe(filters: readonly string[]): void {
    if (this.client.connected && filters.length > 0) this.client.unsubscribe([...filters], ignore);
  }

  /** Reconnect now instead of at the next attempt. */
  retry(): void {
    clearTimeout(this.retryTimer);
    if (!this.isOver && !this.client.connected) this.client.reconnect();
  }

  /** Disconnect. The page clears its presence itself, because a clean disconnect does not send the will. */
  async close(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.retryTimer);
    const { credentials, name } = this.options;
    if (this.client.connected)
      await this.publish("presence", { user: credentials.user, connection: name }, new Uint8Array(0)).catch(ignore);
    await this.client.endAsync(true).catch(ignore);
    this.options.onState({ kind: "closed" });
  }

  private listen(): void {
    this.client.on("connect", (packet: IConnackPacket) => {
      if (packet.reasonCode === undefined || packet.reasonCode === 0) this.afterConnect(packet.properties ?? {});
    });
    this.client.on("close", () => {
      this.afterLoss();
    });
    this.client.on("error", (thrown) => {
      const reason = (thrown as Partial<ErrorWithReasonCode>).code;
      if (typeof reason === "number") this.refused(reason, sentenceOf(thrown));
    });
    this.client.on("message", (topic, payload) => {
      // MQTT.js cuts payloads from buffers that it reuses. Only a copy may be transferred to a worker.
      this.options.onMessage(topic, new Uint8Array(payload));
    });
  }

  private afterConnect(limits: AnnouncedLimits): void {
    this.limits = limits;
    const complaint = complaintOf(limits);
    if (complaint !== null) {
      this.refuse(complaint, false);
      return;
    }
    this.connectCount += 1;
    [this.attempt, this.heldBackCount] = [0, 0];
    this.options.onState({ kind: "connected", count: this.connectCount });
  }

  private afterLoss(): void {
    if (this.isOver) return;
    const ceiling = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempt);
    // random, so that pages do not all reconnect at once
    this.client.options.reconnectPeriod = ceiling * (0.5 + Math.random() / 2);
    this.attempt += 1;
    this.options.onState({ kind: "lost", attempt: this.attempt, isHeldBack: this.isHeldBack });
    this.isHeldBack = false;
  }

  /** The broker refused this connection; MQTT.js does not try again by itself then. */
  private refused(code: number, reason: string): void {
    if (REFUSALS.has(code)) {
      this.refuse(reason, WRONG_LOGINS.has(code));
      return;
    }
    this.isHeldBack = code === HELD_BACK;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(
      () => {
        this.retry();
      },
      this.isHeldBack ? this.heldBackMs() : LAST_RETRY_MS,
    );
  }

  /** How long to wait before the next login: twice as long each time. */
  private heldBackMs(): number {
    const ceiling = Math.min(LAST_HELD_BACK_MS, FIRST_HELD_BACK_MS * 2 ** this.heldBackCount);
    this.heldBackCount += 1;
    return ceiling * (0.5 + Math.random() / 2);
  }

  private refuse(reason: string, isLoginWrong: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.client.end(true, ignore);
    this.options.onState({ kind: "refused", reason, isLoginWrong });
  }
}

function ignore(): void {
  // the connection's state already shows the failure
}
