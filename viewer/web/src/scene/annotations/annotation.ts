/** Which measure or note is a message, and where is it on the object that is shown? Pure. */
import type { Measure, Note } from "../../wire/contract";
import { CHANNELS } from "../../wire/contract";
import { WireError } from "../../wire/errors";
import { checkMessage } from "../../wire/messages";
import type { Vector } from "../framing";
import type { ReferenceSet, SceneState } from "../reference";
import { minus } from "../scale";
import { inverse, moved } from "../similarity";
import { POINT_COUNTS, isCrossed } from "./geometry";
import type { Left, LeftChannel } from "./left";

export const KINDS = ["distance", "height", "angle", "area", "note"] as const;
export type Kind = (typeof KINDS)[number];

/** A measure or a note, read. */
export interface Annotation {
  readonly key: string;
  readonly channel: LeftChannel;
  readonly user: string;
  readonly id: string;
  readonly kind: Kind;
  /** The name of a measure, the text of a note. */
  readonly words: string;
  /** In the world of the generation. */
  readonly points: readonly Vector[];
  readonly generation: number;
  readonly revision: number;
  readonly setAt: string;
}

/** Read and check a message. Throws `bad_message`. */
export function annotationOf({ channel, id, payload, user }: Left): Annotation {
  const message = read(channel, payload);
  const about = {
    key: `${channel}/${user}/${id}`,
    channel,
    user,
    id,
    generation: message.generation,
    revision: message.revision,
    setAt: message.sent_at,
  };
  if (message.type === "note") return { ...about, kind: "note", words: message.text, points: [message.point] };
  const [fewest, most] = POINT_COUNTS[message.kind];
  if (message.points.length < fewest || message.points.length > most)
    throw new WireError("bad_message", `points: not the number of points of kind ${message.kind}`);
  return { ...about, kind: message.kind, words: message.name, points: message.points };
}

/** Whether an outline has no area because it crosses itself. */
export function isWithoutArea({ kind, points }: Pick<Annotation, "kind" | "points">): boolean {
  return kind === "area" && isCrossed(points);
}

/** The points of an annotation in the coordinates of the shards on screen; empty before there are any. */
export function shownPoints(
  { generation, points }: Pick<Annotation, "generation" | "points">,
  { coming, shown }: SceneState,
): readonly Vector[] {
  if (!shown) return [];
  const { offset } = shown.manifest.frame;
  return points.map((point) => minus(inShownWorld(point, generation, shown, coming), offset));
}

/** The reconstructor moves annotations with the world, a moment before or after the page shows that world. */
function inShownWorld(point: Vector, generation: number, shown: ReferenceSet, coming: ReferenceSet | null): Vector {
  const now = shown.manifest;
  if (generation === now.previous_generation) return moved(now.frame.world_from_previous, point);
  const next = coming?.manifest;
  if (generation === next?.generation && next.previous_generation === now.generation)
    return moved(inverse(next.frame.world_from_previous), point);
  return point;
}

function read(channel: LeftChannel, payload: Uint8Array): Measure | Note {
  if (payload.length > CHANNELS[channel].maxBytes) throw new WireError("bad_message", `a ${channel} that is too large`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    throw new WireError("bad_message", "not JSON in UTF-8");
  }
  const message = checkMessage(value);
  if (message.type !== channel) throw new WireError("bad_message", `${message.type} does not belong on ${channel}`);
  return message;
}
