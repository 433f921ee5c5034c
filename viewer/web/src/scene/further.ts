/** How do parts of the page that are loaded on demand follow channels of their own? They add them while they are shown. */
import type { Connection } from "../wire/connection";
import type { ChannelName, Match, TopicSpace } from "../wire/topics";

/** Takes the payload of a channel; an empty one says that nothing is retained any more. */
type Take = (payload: Uint8Array<ArrayBuffer>, match: Match) => void;

interface Taker {
  readonly take: Take;
  readonly begin: () => void;
}

export class FurtherChannels {
  private readonly takers = new Map<ChannelName, Taker>();

  constructor(
    private readonly connection: Pick<Connection, "subscribe" | "unsubscribe">,
    private readonly space: TopicSpace,
  ) {}

  /** Follow a channel until the returned function is called. `begin`: before the broker sends everything retained again. */
  follow(channel: ChannelName, take: Take, begin: () => void = () => undefined): () => void {
    const taker = { take, begin };
    const topics = [this.space.filter(channel)];
    this.takers.set(channel, taker);
    begin();
    this.connection.subscribe(topics);
    return () => {
      if (this.takers.get(channel) !== taker) return; // another part of the page follows it now
      this.takers.delete(channel);
      this.connection.unsubscribe(topics);
    };
  }

  /** Subscribe again, on a new connection. */
  reset(): void {
    for (const { begin } of this.takers.values()) begin();
    this.connection.subscribe([...this.takers.keys()].map((channel) => this.space.filter(channel)));
  }

  /** Pass a message on; returns whether a part of the page took it. */
  receive(match: Match, payload: Uint8Array<ArrayBuffer>): boolean {
    const taker = this.takers.get(match.channel);
    taker?.take(payload, match);
    return taker !== undefined;
  }
}
