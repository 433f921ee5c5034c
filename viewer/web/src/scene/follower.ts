/** How does the page follow a project? Messages from the connection become actions of the reducer. */
import type { LinkState } from "../wire/connection";
import { Connection } from "../wire/connection";
import type { Verb } from "../wire/contract";
import { WireError, sentenceOf } from "../wire/errors";
import { freshName } from "../wire/ids";
import type { Credentials } from "../wire/credentials";
import type { ReadMessage } from "../wire/messages";
import { decodeMessage } from "../wire/messages";
import { checkThumbnail } from "../wire/photographs/thumbnail";
import type { GetShard } from "../wire/shard-download";
import type { Match } from "../wire/topics";
import { TopicSpace } from "../wire/topics";
import { movedCloud } from "./components";
import { DueTimes } from "./due";
import { FurtherChannels } from "./further";
import { HttpShards } from "./loading/http-shards";
import { PageLoader } from "./loading/page-loader";
import type { WantedPage } from "./loading/pages";
import type { Step } from "./loading/queue";
import { LoadQueue } from "./loading/queue";
import type { ReferenceSet } from "./reference";
import { performStep } from "./loading/steps";
import type { KnownDistance, Wish } from "./requests";
import { Requests } from "./requests";
import type { MeasuredCloud } from "./spacing";
import type { Action, ProjectState } from "./state";
import { initialState, reduce } from "./state";
import { ThumbnailLoader } from "./thumbnails";
import type { Budget, WantedShard } from "./wanted";

/** A function that verifies and decodes a shard, in this thread or in a worker. */
export type Decode = (payload: Uint8Array<ArrayBuffer>, shard: WantedShard) => Promise<MeasuredCloud>;

export interface FollowerOptions {
  readonly url: string;
  readonly root: string;
  readonly credentials: Credentials;
  readonly budget: Budget;
  readonly program: string;
  readonly decode: Decode;
  /** Gets shards over HTTP; without it, or where it fails, they come over MQTT. */
  readonly getShard?: GetShard;
  /** Called with each decoded cloud, before the state contains its key. */
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  readonly onState: (state: ProjectState) => void;
}

const RESERVED_VERBS: readonly Verb[] = ["export", "refetch", "pause", "resume"];
const TICK_MS = 250;

/** The live connection to one project, until it is closed. */
export class Follower {
  readonly connectionName = freshName();
  readonly space: TopicSpace;
  /** The messages that the page publishes. */
  readonly requests: Requests;
  /** Channels that parts of the page add. */
  readonly further: FurtherChannels;
  private readonly connection: Connection;
  private readonly queue = new LoadQueue<WantedShard>();
  private readonly pages = new PageLoader({
    perform: (step) => {
      this.perform(step);
    },
    onComplete: (complete, bytes) => {
      this.dispatch({ kind: "manifest", complete, bytes });
      this.load();
    },
    onTrouble: (thrown) => {
      this.trouble(thrown);
    },
  });
  private readonly thumbnails: ThumbnailLoader;
  private readonly httpShards: HttpShards;
  private readonly decoding = new Map<string, WantedShard>();
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly times = new DueTimes();
  /** Called with each message. */
  readonly listeners = new Set<(message: ReadMessage) => void>();
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
      onMessage: this.receive,
    });
    this.further = new FurtherChannels(this.connection, this.space);
    this.thumbnails = new ThumbnailLoader(
      this.connection,
      (imageId) => this.space.topic("image_thumbnail", { image_id: imageId }),
      (imageId) => this.current.thumbnails.has(imageId),
    );
    this.httpShards = new HttpShards(options.getShard, (shard, payload) => {
      if (!payload) this.connection.subscribe([topicOf(this.space, shard)]);
      return payload ? this.takeShard(({ key }) => key === shard.key, payload) : undefined;
    });
    this.requests = new Requests({
      connection: this.connection,
      space: this.space,
      user: credentials.user,
      connectionName: this.connectionName,
    });
    this.ticker = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  get state(): ProjectState {
    return this.current;
  }

  /** Send a request to the reconstructor and return its id. Its answer is a `response` message with this id. */
  async request(verb: Verb, wish: Wish = {}): Promise<string> {
    return await this.requests.request(verb, this.newest()?.manifest.generation ?? null, wish);
  }

  /** Request every missing shard again, also those that were given up. */
  async resync(): Promise<void> {
    this.queue.forgive();
    this.load();
    await this.request("resync");
  }

  /** Set the known distance for every viewer; null removes the scale. */
  async setScale(bar: KnownDistance | null): Promise<void> {
    await this.requests.setScale(bar, this.current.scene.shown?.manifest.generation);
  }

  /** Load the thumbnails of these images, and of no others. */
  wantThumbnails(imageIds: readonly string[]): void {
    this.thumbnails.want(imageIds);
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
    this.httpShards.close();
    await this.connection.close();
  }

  private follow(link: LinkState): void {
    this.dispatch({ kind: "link", link });
    if (link.kind !== "connected") return;
    this.times.connected(performance.now());
    this.queue.reset();
    this.pages.reset();
    this.httpShards.reset();
    this.connection.subscribe(followedTopics(this.space, this.options.credentials.user, this.connectionName));
    this.further.reset();
    this.thumbnails.reset();
    void this.announce();
    this.load();
  }

  private async announce(): Promise<void> {
    await this.requests.announce(this.options.program).catch(() => undefined);
    await this.request("ping").catch(() => undefined);
    const [verbs, refused] = await Promise.all([this.requests.allowed(RESERVED_VERBS), this.requests.refused()]);
    this.dispatch({ kind: "rights", verbs, refused });
  }

  private readonly receive = (topic: string, payload: Uint8Array<ArrayBuffer>): void => {
    const match = this.space.match(topic);
    if (!match || this.further.receive(match, payload)) return;
    if (match.channel === "shard") {
      void this.takeShard((shard) => isShardOf(shard, match), payload);
      return;
    }
    if (match.channel === "manifest_page" || match.channel === "camera_page") {
      void this.pages.receive(match.channel, match.levels["page"] ?? "", payload, performance.now() / 1000);
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
  };

  private take(message: ReadMessage, bytes: number): void {
    if (message.type === "manifest_page" || message.type === "camera_page") return;
    if (message.type === "manifest") {
      this.pages.point(message, bytes, performance.now() / 1000);
      return;
    }
    const roundTripS = message.type === "response" ? this.requests.roundTripS(message.id) : null;
    if (roundTripS !== null) this.dispatch({ kind: "round_trip", seconds: roundTripS });
    this.dispatch({ kind: "message", message, bytes });
    for (const listener of this.listeners) listener(message);
  }

  private cleared({ channel, levels }: Match): void {
    if (channel === "scale_bar") this.dispatch({ kind: "scale_cleared" });
    if (channel === "presence") this.dispatch({ kind: "watcher_left", connection: levels["connection"] ?? "" });
  }

  private async takeShard(isIt: (shard: WantedShard) => boolean, payload: Uint8Array<ArrayBuffer>): Promise<void> {
    const shard = this.newest()?.plan.find(isIt);
    if (!shard || payload.length === 0 || this.isHere(shard.key)) return;
    const bytes = payload.length;
    this.decoding.set(shard.key, shard);
    this.queue.arrived(shard.key, performance.now() / 1000);
    this.load();
    try {
      const measured = movedCloud(shard.worldFromShard, await this.options.decode(payload, shard));
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
    if (!this.thumbnails.arrived(imageId)) return;
    checkThumbnail(payload);
    this.dispatch({ kind: "thumbnail", imageId, bytes: payload });
  }

  private newest(): ReferenceSet | null {
    const { coming, shown } = this.current.scene;
    return coming ?? shown;
  }

  private isHere(key: string): boolean {
    return this.decoding.has(key) || this.newest()?.loaded.has(key) === true;
  }

  private load(): void {
    if (this.current.link.kind !== "connected") return;
    this.pages.load(performance.now() / 1000);
    if (this.httpShards.isBusy) this.queue.expect(performance.now() / 1000);
    const steps = this.queue.plan(this.newest()?.plan ?? [], (key) => this.isHere(key), performance.now() / 1000);
    for (const step of steps) this.perform(step);
    this.dispatch({ kind: "failed_shards", count: this.queue.failedCount + this.pages.failedCount });
  }

  private perform(step: Step<WantedShard | WantedPage>): void {
    performStep(this.httpShards.take(step), {
      connection: this.connection,
      reference: this.space.topic("reference"),
      topicOf: (item) => topicOf(this.space, item),
      // Without an index, whatever the broker lost is published again.
      resync: (items) => {
        const indexes = items.flatMap((item) => ("entry" in item ? [item.entry.index] : []));
        void this.request("resync", { shards: indexes }).catch(() => undefined);
      },
    });
  }

  private tick(): void {
    this.dispatch({ kind: "time" });
    if (this.current.link.kind !== "connected") return;
    this.load();
    const { isSilent, reconstructor, scene } = this.current;
    const isHeard = scene.shown !== null || reconstructor !== null || isSilent;
    for (const due of this.times.due(performance.now(), isHeard)) {
      if (due === "history_ends") this.connection.unsubscribe([this.space.topic("history")]);
      if (due === "silence") this.dispatch({ kind: "silence" });
      if (due === "ping") void this.request("ping").catch(() => undefined);
    }
  }

  private trouble(thrown: unknown): void {
    const code = thrown instanceof WireError ? thrown.code : "unexpected";
    this.dispatch({ kind: "trouble", code, reason: sentenceOf(thrown) });
  }
}

/** List the filters of what a page follows of its project. */
function followedTopics(space: TopicSpace, user: string, connection: string): string[] {
  return [
    space.topic("reference"),
    space.topic("scale_bar"),
    space.topic("reconstructor_state"),
    space.topic("reconstructor_statistics"),
    space.filter("event"),
    space.filter("presence"),
    space.filter("agent_state"),
    space.filter("agent_health"),
    space.topic("history"),
    space.topic("response", { user, connection }),
    space.filter("receipt", { sender: user }), // `missing` among them
  ];
}

function topicOf(space: TopicSpace, item: WantedShard | WantedPage): string {
  if ("channel" in item) return space.topic(item.channel, { page: item.key });
  const { encoded, entry, generation } = item;
  return space.topic("shard", { generation, encoding: encoded.encoding, index: entry.index });
}

function isShardOf({ encoded, entry, generation }: WantedShard, { levels }: Match): boolean {
  return (
    String(generation) === levels["generation"] &&
    encoded.encoding === levels["encoding"] &&
    String(entry.index) === levels["index"]
  );
}
