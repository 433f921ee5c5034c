/** What does a step of a load queue ask of the connection? To subscribe, to unsubscribe, or to read the manifest again. */
import type { Connection } from "../../wire/connection";
import type { Step, Wanted } from "./queue";

export interface StepOptions<W extends Wanted> {
  readonly connection: Pick<Connection, "subscribe" | "unsubscribe">;
  /** The topic of the manifest. */
  readonly reference: string;
  readonly topicOf: (item: W) => string;
  readonly resync: (items: readonly W[]) => void;
}

export function performStep<W extends Wanted>(
  step: Step<W>,
  { connection, reference, resync, topicOf }: StepOptions<W>,
): void {
  switch (step.kind) {
    case "subscribe":
      connection.subscribe(step.items.map(topicOf));
      break;
    case "unsubscribe":
      connection.unsubscribe(step.items.map(topicOf));
      break;
    case "reread":
      connection.subscribe([reference]);
      break;
    case "resync":
      resync(step.items);
      break;
  }
}
