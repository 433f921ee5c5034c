/** How does the page follow a project? Connection, queue and decoding on one side, the reducer on the other. */
import type { LinkState } from "../wire/connection";
import { Connection } from "../wire/connection";
import type { Manifest, Presence, Request, ScaleBar, UploadBegin, UploadEnd, Verb } from "../wire/contract";
import { WireError, sentenceOf } from "../wire/errors";
import { freshName } from "../wire/ids";
import type { Credentials } from "../wire/join";
import type { ReadMessage } from "../wire/messages";
import { decodeMessage, encodeMessage } from "../wire/messages";
import { checkThumbnail } from "../wire/thumbnail";
import type { Match } from "../wire/topics";
import { TopicSpace } from "../wire/topics";
import type { Vector } from "./framing";
import type { Step } from "./queue";
import { LoadQueue } from "./queue";
import type { MeasuredCloud } from "./spacing";
import type { Action, ProjectState } from "./state";
import { initialState, reduce } from "./state";
import type { Orders } from "./thumbnails";
import { ThumbnailOrders } from "./thumbnails";
import type { Budget, WantedShard } from "./wanted";
import { wantedShards } from "./wanted";

/** Turns verified bytes into points, wherever that happens. */
export type Decode = (payload: Uint8Array<ArrayBuffer>, shard: WantedShard) => Promise<MeasuredCloud>;

export interface FollowerOptions {
  readonly url: string;
  readonly root: string;
  readonly credentials: Credentials;
  readonly budget: Budget;
  readonly program: string;
  readonly decode: Decode;
  /** A cloud is ready; it is called before the state names its key. */
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  readonly onState: (state: ProjectState) => void;
}

/** A photograph in pieces; without a content type it is its end. */
export interface Announcement {
  readonly image_id: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly piece_bytes: number;
  readonly content_type?: string;
}

const TICK_MS = 250;
const SILENCE_MS = 5000;
const PING_EVERY_MS = 20_000;

/** Follows one project until it is closed. */
export class Follower {
  readonly connectionName = freshName();
  readonly space: TopicSpace;
  private readonly connection: Connection;
  private readonly queue = new LoadQueue();
  private readonly orders = new ThumbnailOrders();
  private readonly decoding = new Map<string, WantedShard>();
  private readonly pings = new Map<string, number>();
  private readonly ticker: ReturnType<typeof setInterval>;
  private connectedAtMs = 0;
  private lastPingAtMs = 0;
  private current: ProjectState;

  constructor(private readonly options: FollowerOptions) {
    const { budget, credentials, root, url } = options;
    this.space = new TopicSpace(root, credentials.project);
    this.current = initialState(credentials.project, budget);
    this.connection = new Connection({
      url,
      credentials,
      space: this.space,
      name: this.connectionName,
      onState: (link) => {
        this.follow(link);
      },
      onMessage: (topic, payload) => {
        this.receive(topic, payload);
      },
    });
    this.ticker = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  get state(): ProjectState {
    return this.current;
  }

  /** Ask the reconstructor for something; the answer comes as a `response` message. */
  async request(verb: Verb, shards: readonly number[] = []): Promise<void> {
    const id = freshName();
    if (verb === "ping") this.pings.set(id, performance.now());
    const generation = this.newest()?.generation ?? null;
    const payload = encodeMessage<Request>({
      type: "request",
      project: this.space.project,
      id,
      verb,
      connection: this.connectionName,
      generation,
      shards: [...shards],
    });
    await this.connection.publish("request", { user: this.options.credentials.user, verb }, payload);
  }

  /** Ask for everything anew, what was given up included. */
  async resync(): Promise<void> {
    this.queue.forgive();
    this.load();
    await this.request("resync");
  }

  /** Tell everybody how long the way between two points of the world is; null takes the known length away. */
  async setScale(
    bar: { readonly begin: Vector; readonly end: Vector; readonly distanceM: number } | null,
  ): Promise<void> {
    const generation = this.current.scene.shown?.manifest.generation;
    if (bar && generation === undefined) throw new WireError("publish_refused", "There is nothing to measure yet.");
    const payload = bar
      ? encodeMessage<ScaleBar>({
          type: "scale_bar",
          project: this.space.project,
          generation: generation ?? 1,
          begin: bar.begin,
          end: bar.end,
          distance_m: bar.distanceM,
          user: this.options.credentials.user,
        })
      : new Uint8Array();
    await this.connection.publish("scale_bar", {}, payload);
  }

  /** Publish one photograph; resolves when the broker has it, which is not yet the receipt. */
  async publishImage(imageName: string, payload: Uint8Array, contentType: string): Promise<void> {
    const levels = { sender: this.options.credentials.user, image_name: imageName };
    await this.connection.publish("image", levels, payload, contentType);
  }

  /** These photographs are looked at now, and no others any more. */
  wantThumbnails(imageIds: readonly string[]): void {
    this.order(this.orders.want(imageIds, this.hasThumbnail));
  }

  /** Announce a photograph that comes in pieces, or say that all of them are sent; the answer is what is missing. */
  async publishUpload(message: Announcement): Promise<void> {
    const { content_type: contentType, image_id, piece_bytes, sha256, size_bytes } = message;
    const levels = { sender: this.options.credentials.user, image_id };
    const whole = { project: this.space.project, image_id, sha256, size_bytes };
    const [channel, payload] =
      contentType === undefined
        ? (["upload_end", encodeMessage<UploadEnd>({ type: "upload_end", ...whole })] as const)
        : ([
            "upload_begin",
            encodeMessage<UploadBegin>({ type: "upload_begin", ...whole, content_type: contentType, piece_bytes }),
          ] as const);
    await this.connection.publish(channel, levels, payload);
  }

  /** Publish one piece; resolves when the broker has it. */
  async publishPiece(imageId: string, offset: number, piece: Uint8Array): Promise<void> {
    const levels = { sender: this.options.credentials.user, image_id: imageId, offset };
    await this.connection.publish("upload_piece", levels, piece);
  }

  /** Try to connect now. */
  retry(): void {
    this.connection.retry();
  }

  dispatch(action: Action): void {
    const next = reduce(this.current, action, performance.now() / 1000, Date.now());
    if (next === this.current) return;
    this.current = next;
    this.options.onState(next);
  }

  async close(): Promise<void> {
    clearInterval(this.ticker);
    await this.connection.close();
  }

  private follow(link: LinkState): void {
    this.dispatch({ kind: "link", link });
    if (link.kind !== "connected") return;
    this.connectedAtMs = performance.now();
    this.queue.reset();
    this.connection.subscribe(this.filters());
    this.order(this.orders.reset(this.hasThumbnail));
    void this.announce();
    this.load();
  }

  private filters(): string[] {
    const { user } = this.options.credentials;
    return [
      this.space.topic("reference"),
      this.space.topic("cameras"),
      this.space.topic("scale_bar"),
      this.space.topic("reconstructor_state"),
      this.space.topic("reconstructor_statistics"),
      this.space.filter("event"),
      this.space.filter("presence"),
      this.space.filter("agent_state"),
      this.space.topic("response", { user, connection: this.connectionName }),
      this.space.filter("receipt", { sender: user }), // `missing` among them
    ];
  }

  private async announce(): Promise<void> {
    const { credentials, program } = this.options;
    const payload = encodeMessage<Presence>({
      type: "presence",
      project: this.space.project,
      user: credentials.user,
      connection: this.connectionName,
      program,
    });
    const levels = { user: credentials.user, connection: this.connectionName };
    await this.connection.publish("presence", levels, payload).catch(() => undefined);
    await this.request("ping").catch(() => undefined);
  }

  private receive(topic: string, payload: Uint8Array<ArrayBuffer>): void {
    const match = this.space.match(topic);
    if (!match) return;
    if (match.channel === "shard") {
      void this.receiveShard(match, payload);
      return;
    }
    if (payload.length === 0) {
      this.cleared(match);
      return;
    }
    try {
      if (match.channel === "image_thumbnail") {
        this.receiveThumbnail(match, payload);
        return;
      }
      const message = decodeMessage(match.channel, payload);
      if (message) this.take(message, payload.length);
    } catch (thrown) {
      this.trouble(thrown);
    }
  }

  private take(message: ReadMessage, bytes: number): void {
    if (message.type === "response") this.pong(message.id);
    this.dispatch({ kind: "message", message, bytes });
    if (message.type === "manifest") this.load();
  }

  private cleared({ channel, levels }: Match): void {
    if (channel === "scale_bar") this.dispatch({ kind: "scale_cleared" });
    if (channel === "presence") this.dispatch({ kind: "watcher_left", connection: levels["connection"] ?? "" });
  }

  private pong(id: string): void {
    const sentAt = this.pings.get(id);
    if (sentAt === undefined) return;
    this.pings.delete(id);
    this.dispatch({ kind: "round_trip", seconds: (performance.now() - sentAt) / 1000 });
  }

  private async receiveShard(match: Match, payload: Uint8Array<ArrayBuffer>): Promise<void> {
    const shard = this.findWanted(match);
    if (!shard || payload.length === 0 || this.isHere(shard.key)) return;
    const bytes = payload.length;
    this.decoding.set(shard.key, shard);
    this.queue.arrived(shard.key, performance.now() / 1000);
    this.load();
    try {
      const measured = await this.options.decode(payload, shard);
      this.decoding.delete(shard.key);
      this.options.onCloud(shard, measured);
      this.dispatch({ kind: "shard", shard: { key: shard.key, points: measured.count, bytes } });
    } catch (thrown) {
      this.decoding.delete(shard.key);
      this.queue.rejected(shard.key);
      this.trouble(thrown);
    }
    this.load();
  }

  private receiveThumbnail({ levels }: Match, payload: Uint8Array<ArrayBuffer>): void {
    const imageId = levels["image_id"] ?? "";
    if (!this.orders.arrived(imageId)) return;
    this.connection.unsubscribe([this.space.topic("image_thumbnail", { image_id: imageId })]);
    checkThumbnail(payload);
    this.dispatch({ kind: "thumbnail", imageId, bytes: payload });
  }

  private readonly hasThumbnail = (imageId: string): boolean => this.current.thumbnails.has(imageId);

  private order({ subscribe, unsubscribe }: Orders): void {
    const topics = (imageIds: readonly string[]): string[] =>
      imageIds.map((imageId) => this.space.topic("image_thumbnail", { image_id: imageId }));
    this.connection.subscribe(topics(subscribe));
    this.connection.unsubscribe(topics(unsubscribe));
  }

  private findWanted({ levels }: Match): WantedShard | undefined {
    return this.wanted().find(
      ({ encoded, entry, generation }) =>
        String(generation) === levels["generation"] &&
        encoded.encoding === levels["encoding"] &&
        String(entry.index) === levels["index"],
    );
  }

  private wanted(): readonly WantedShard[] {
    const newest = this.newest();
    return newest ? wantedShards(newest, this.current.scene.budget) : [];
  }

  private newest(): Manifest | null {
    const { coming, shown } = this.current.scene;
    return (coming ?? shown)?.manifest ?? null;
  }

  private isHere(key: string): boolean {
    const { coming, shown } = this.current.scene;
    return this.decoding.has(key) || (coming ?? shown)?.loaded.has(key) === true;
  }

  private load(): void {
    if (this.current.link.kind !== "connected") return;
    const steps = this.queue.plan(this.wanted(), (key) => this.isHere(key), performance.now() / 1000);
    for (const step of steps) this.perform(step);
    this.dispatch({ kind: "failed_shards", count: this.queue.failedCount });
  }

  private perform(step: Step): void {
    switch (step.kind) {
      case "subscribe":
        this.connection.subscribe(step.shards.map((shard) => this.shardTopic(shard)));
        break;
      case "unsubscribe":
        this.connection.unsubscribe(step.shards.map((shard) => this.shardTopic(shard)));
        break;
      case "reread":
        this.connection.subscribe([this.space.topic("reference")]);
        break;
      case "resync":
        void this.request(
          "resync",
          step.shards.map(({ entry }) => entry.index),
        ).catch(() => undefined);
        break;
    }
  }

  private shardTopic({ encoded, entry, generation }: WantedShard): string {
    return this.space.topic("shard", { generation, encoding: encoded.encoding, index: entry.index });
  }

  private tick(): void {
    this.dispatch({ kind: "time" });
    if (this.current.link.kind !== "connected") return;
    this.load();
    const nowMs = performance.now();
    const isEmpty = !this.current.scene.shown && !this.current.reconstructor;
    if (isEmpty && !this.current.isSilent && nowMs - this.connectedAtMs > SILENCE_MS)
      this.dispatch({ kind: "silence" });
    if (nowMs - Math.max(this.lastPingAtMs, this.connectedAtMs) < PING_EVERY_MS) return;
    this.lastPingAtMs = nowMs;
    void this.request("ping").catch(() => undefined);
  }

  private trouble(thrown: unknown): void {
    const code = thrown instanceof WireError ? thrown.code : "unexpected";
    this.dispatch({ kind: "trouble", code, reason: sentenceOf(thrown) });
  }
}
