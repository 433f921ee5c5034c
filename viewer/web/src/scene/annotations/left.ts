/** What have people left on the object? The newest message of each measure and note, as it came. */
import type { Match } from "../../wire/topics";

export type LeftChannel = "measure" | "note";

/** A message that somebody left, unread. */
export interface Left {
  readonly channel: LeftChannel;
  readonly user: string;
  readonly id: string;
  readonly payload: Uint8Array;
}

/** So long after a connection, what the broker has not sent again was taken away meanwhile. */
export const RENEWED_MS = 10_000;

export class LeftByPeople {
  readonly messages = new Map<string, Left>();
  /** The keys of what has not come again since the newest connection. */
  private readonly old = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onChange: () => void,
    private readonly isConnected: () => boolean = () => true,
  ) {}

  /** Forget everything, for another project. */
  forget(): void {
    clearTimeout(this.timer);
    this.messages.clear();
    this.old.clear();
    this.onChange();
  }

  /** After each connection the broker sends all that is left. Meanwhile the list stays: somebody may be writing in it. */
  renew(): void {
    for (const key of this.messages.keys()) this.old.add(key);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.drop();
    }, RENEWED_MS);
  }

  receive(channel: LeftChannel, { levels }: Match, payload: Uint8Array): void {
    const [user = "", id = ""] = [levels["user"], levels["annotation"]];
    this.put({ channel, user, id, payload });
  }

  /** Put a message in place of the earlier one. An empty one takes it away. */
  put(left: Left): void {
    const key = `${left.channel}/${left.user}/${left.id}`;
    this.old.delete(key);
    if (left.payload.length === 0) this.messages.delete(key);
    else this.messages.set(key, left);
    this.onChange();
  }

  private drop(): void {
    if (this.old.size === 0 || !this.isConnected()) return;
    for (const key of this.old) this.messages.delete(key);
    this.old.clear();
    this.onChange();
  }
}
