/** What does the page publish? One method for each message of the contract, with its topic and encoding. */
import type { About, Connection } from "../wire/connection";
import type { DesiredScaleBar, ExportFormat, Presence, Request, UploadBegin, UploadEnd, Verb } from "../wire/contract";
import { MAX_IMAGE_BYTES } from "../wire/contract";
import { WireError } from "../wire/errors";
import { freshName } from "../wire/ids";
import { encodeMessage } from "../wire/messages";
import type { TopicSpace } from "../wire/topics";
import type { Left } from "./annotations/left";
import type { Vector } from "./framing";

/** The beginning of a photograph in pieces; without a content type, its end. */
export interface Announcement {
  readonly image_id: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly piece_bytes: number;
  readonly content_type?: string;
}

/** A known distance on the object, between two points of the world. */
export interface KnownDistance {
  readonly begin: Vector;
  readonly end: Vector;
  readonly distanceM: number;
}

/** What a request says besides its verb. */
export interface Wish {
  readonly shards?: readonly number[];
  readonly format?: ExportFormat;
  /** Of an export: whether it says who took which photograph and who left which measure or note. */
  readonly hasNames?: boolean;
}

/** What the broker does not take from this account; nothing until it has answered. */
export interface Refused {
  readonly photographs: boolean;
  readonly changes: boolean;
}

export interface RequestsOptions {
  readonly connection: Connection;
  readonly space: TopicSpace;
  readonly user: string;
  readonly connectionName: string;
}

/** The publisher of one page. Each promise resolves when the broker has the message. */
export class Requests {
  /** The sending time of each open ping, by its id, in milliseconds of the monotonic clock. */
  private readonly pings = new Map<string, number>();

  constructor(private readonly options: RequestsOptions) {}

  /** Send a request to the reconstructor and return its id. Its answer is a `response` message with this id. */
  async request(verb: Verb, generation: number | null, wish: Wish = {}): Promise<string> {
    const { connection, connectionName, space, user } = this.options;
    const id = freshName();
    if (verb === "ping") this.pings.set(id, performance.now());
    const payload = encodeMessage<Request>({
      type: "request",
      project: space.project,
      id,
      verb,
      connection: connectionName,
      generation,
      shards: [...(wish.shards ?? [])],
      image_id: null,
      max_side_px: 2048,
      format: wish.format ?? null,
      has_names: wish.hasNames ?? true,
    });
    await connection.publish("request", { user, verb }, payload);
    return id;
  }

  /** Find out which of these verbs the broker lets this account ask for. */
  async allowed(verbs: readonly Verb[]): Promise<ReadonlySet<Verb>> {
    const { connection, user } = this.options;
    const answers = await Promise.all(verbs.map((verb) => connection.isAllowed("request", { user, verb })));
    return new Set(verbs.filter((_, at) => answers[at]));
  }

  /** Seconds since the ping with this id; null for an unknown or already answered ping. */
  roundTripS(id: string): number | null {
    const sentAtMs = this.pings.get(id);
    this.pings.delete(id);
    return sentAtMs === undefined ? null : (performance.now() - sentAtMs) / 1000;
  }

  /** Wish for a known distance in the world of this generation; null removes the scale. */
  async setScale(bar: KnownDistance | null, generation: number | undefined): Promise<void> {
    const { connection, space, user } = this.options;
    if (bar && generation === undefined) throw new WireError("nothing_to_measure", "There is nothing to measure yet.");
    const payload = bar
      ? encodeMessage<DesiredScaleBar>({
          type: "desired_scale_bar",
          project: space.project,
          generation: generation ?? 1,
          begin: bar.begin,
          end: bar.end,
          distance_m: bar.distanceM,
        })
      : new Uint8Array();
    await connection.publish("desired_scale_bar", { user }, payload);
  }

  /** Leave a measure or a note on the object; an empty payload takes it away. */
  async leave({ channel, id, payload, user }: Left): Promise<void> {
    await this.options.connection.publish(channel, { user, annotation: id }, payload);
  }

  /** Find out whether this account may leave anything. */
  async mayLeave(): Promise<boolean> {
    return this.options.connection.isAllowed("note", { user: this.options.user, annotation: freshName() });
  }

  /** Find out what the broker refuses to take from this account: photographs, or what is set and left for everybody. */
  async refused(): Promise<Refused> {
    const { connection, user } = this.options;
    const [photographs, changes] = await Promise.all([
      connection.isRefused("image", { sender: user, image_name: freshName() }),
      connection.isRefused("note", { user, annotation: freshName() }),
    ]);
    return { photographs, changes };
  }

  /** Publish that this page follows the project. */
  async announce(program: string): Promise<void> {
    const { connection, connectionName, space, user } = this.options;
    const payload = encodeMessage<Presence>({
      type: "presence",
      project: space.project,
      user,
      connection: connectionName,
      program,
    });
    await connection.publish("presence", { user, connection: connectionName }, payload);
  }

  /** Publish one photograph. The receipt of the reconstructor arrives later. */
  async publishImage(imageName: string, payload: Uint8Array, about: Required<About>): Promise<void> {
    const { connection, user } = this.options;
    await connection.publish("image", { sender: user, image_name: imageName }, payload, about);
  }

  /** Publish the preview of one photograph, under the id of its original. */
  async publishPreview(imageId: string, payload: Uint8Array, about: Required<About>): Promise<void> {
    const { connection, user } = this.options;
    await connection.publish("preview", { sender: user, image_id: imageId }, payload, about);
  }

  /** Announce a photograph in pieces, or its end. The reconstructor answers with the missing ranges. */
  async publishUpload(message: Announcement, fileName: string): Promise<void> {
    const { connection, space, user } = this.options;
    const { content_type: contentType, image_id, piece_bytes, sha256, size_bytes } = message;
    const whole = { project: space.project, image_id, sha256, size_bytes };
    const [channel, payload] =
      contentType === undefined
        ? (["upload_end", encodeMessage<UploadEnd>({ type: "upload_end", ...whole })] as const)
        : ([
            "upload_begin",
            encodeMessage<UploadBegin>({ type: "upload_begin", ...whole, content_type: contentType, piece_bytes }),
          ] as const);
    await connection.publish(channel, { sender: user, image_id }, payload, { fileName });
  }

  /** Publish one piece of a photograph. */
  async publishPiece(imageId: string, offset: number, piece: Uint8Array): Promise<void> {
    const { connection, user } = this.options;
    await connection.publish("upload_piece", { sender: user, image_id: imageId, offset }, piece);
  }

  /** The most bytes of a photograph that the broker takes in one message. */
  room(imageId: string): number {
    return this.options.connection.room("upload_piece", {
      sender: this.options.user,
      image_id: imageId,
      offset: MAX_IMAGE_BYTES,
    });
  }
}
