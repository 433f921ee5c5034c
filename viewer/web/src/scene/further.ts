/** How do parts of the page that are loaded on demand follow channels of their own? They add them while they are shown. */
import type { Connection } from "../wire/connection";
import type { ChannelName, Match, TopicSpace } from "../wire/topics";

/** Takes the payload of a channel; an empty one says that nothing is retained any more. */
type Take = (payload: Uint8Array<ArrayBuffer>) => void;

export class FurtherChannels {
  private readonly takers = new Map<ChannelName, Take>();

  constructor(
    private readonly connection: Pick<Connection, "subscribe" | "unsubscribe">,
    private readonly space: TopicSpace,
  ) {}

  /** Follow a channel until the returned function is called. */
  follow(channel: ChannelName, take: Take): () => void {
    const topics = [this.space.topic(channel)];
    this.takers.set(channel, take);
    this.connection.subscribe(topics);
    return () => {
      if (this.takers.get(channel) !== take) return; // somebody else follows it now
      this.takers.delete(channel);
      this.connection.unsubscribe(topics);
    };
  }

  /** Subscribe again, on a new connection. */
  reset(): void {
    this.connection.subscribe([...this.takers.keys()].map((channel) => this.space.topic(channel)));
  }

  /** Pass a message on; returns whether somebody took it. */
  receive({ channel }: Match, payload: Uint8Array<ArrayBuffer>): boolean {
    const take = this.takers.get(channel);
    take?.(payload);
    return take !== undefined;
  }
}
