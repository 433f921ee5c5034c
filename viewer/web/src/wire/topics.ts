/** How are topics written and read? By filling and parsing the contract's templates. */
import { CHANNELS, MAX_TOPIC_LENGTH } from "./contract";
import { WireError } from "./errors";
import { isLevel } from "./ids";

export type ChannelName = keyof typeof CHANNELS;
export type Levels = Readonly<Record<string, string | number>>;

/** The meaning of a concrete topic. */
export interface Match {
  readonly channel: ChannelName;
  readonly project: string;
  readonly levels: Readonly<Record<string, string>>;
}

/** The topics of one project below one root. */
export class TopicSpace {
  private readonly prefix: string;

  constructor(
    root: string,
    readonly project: string,
  ) {
    if (!root.split("/").every((level) => isLevel("project", level)))
      throw new WireError("bad_topic", `${root.slice(0, 80)} is not a topic root`);
    if (!isLevel("project", project)) throw new WireError("bad_id", `${project.slice(0, 80)} is not a project`);
    this.prefix = `${root}/`;
  }

  /** Format the complete topic of one message. */
  topic(channel: ChannelName, levels: Levels = {}): string {
    return this.fill(channel, levels, null);
  }

  /** Format a subscription filter, with `+` for every missing level. */
  filter(channel: ChannelName, levels: Levels = {}): string {
    return this.fill(channel, levels, "+");
  }

  /** Parse a topic; null when it belongs to no channel. */
  match(topic: string): Match | null {
    if (topic.length > MAX_TOPIC_LENGTH || !topic.startsWith(this.prefix)) return null;
    const [project = "", ...rest] = topic.slice(this.prefix.length).split("/");
    if (project !== this.project) return null;
    for (const channel of Object.keys(CHANNELS) as ChannelName[]) {
      const levels = parse(CHANNELS[channel].template, rest);
      if (levels) return { channel, project, levels };
    }
    return null;
  }

  private fill(channel: ChannelName, levels: Levels, absent: string | null): string {
    const parts = CHANNELS[channel].template.split("/").map((part) => fillLevel(part, levels, absent));
    return [this.prefix + this.project, ...parts].join("/");
  }
}

function fillLevel(part: string, levels: Levels, absent: string | null): string {
  if (!part.startsWith("{")) return part;
  const name = part.slice(1, -1);
  const value = levels[name];
  if (value === undefined) {
    if (absent === null) throw new WireError("bad_topic", `the topic needs a value for ${part}`);
    return absent;
  }
  if (!isLevel(name, String(value)))
    throw new WireError("bad_id", `${String(value).slice(0, 80)} is not a valid ${name}`);
  return String(value);
}

function parse(template: string, parts: readonly string[]): Record<string, string> | null {
  const wanted = template.split("/");
  if (wanted.length !== parts.length) return null;
  const levels: Record<string, string> = {};
  for (const [place, want] of wanted.entries()) {
    const part = parts[place] ?? "";
    if (!want.startsWith("{")) {
      if (want !== part) return null;
      continue;
    }
    const name = want.slice(1, -1);
    if (!isLevel(name, part)) return null;
    levels[name] = part;
  }
  return levels;
}
