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

export class LeftByPeople {
  readonly messages = new Map<string, Left>();

  constructor(private readonly onChange: () => void) {}

  /** Forget everything. After each connection the broker sends all that is left. */
  begin(): void {
    this.messages.clear();
    this.onChange();
  }

  receive(channel: LeftChannel, { levels }: Match, payload: Uint8Array): void {
    const [user = "", id = ""] = [levels["user"], levels["annotation"]];
    this.put({ channel, user, id, payload });
  }

  /** Put a message in place of the earlier one. An empty one takes it away. */
  put(left: Left): void {
    const key = `${left.channel}/${left.user}/${left.id}`;
    if (left.payload.length === 0) this.messages.delete(key);
    else this.messages.set(key, left);
    this.onChange();
  }
}
