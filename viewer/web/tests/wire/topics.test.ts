import { describe, expect, it } from "vitest";

import { CHANNELS } from "../../src/wire/contract";
import { freshName, imageId, isLevel } from "../../src/wire/ids";
import type { ChannelName } from "../../src/wire/topics";
import { TopicSpace } from "../../src/wire/topics";

const space = new TopicSpace("cairn/v1", "chapel");
const LEVELS: Readonly<Record<string, string>> = {
  sender: "anna",
  user: "anna",
  connection: "tab-1",
  agent: "rig-north",
  image_id: "walk-000007-0123456789abcdef",
  image_name: "door1",
  annotation: "a1",
  request_id: "r1",
  generation: "3",
  encoding: "packed",
  index: "0",
  offset: "262144",
  page: "0123456789abcdef0123456789abcdef",
  verb: "resync",
  event_type: "shard_update",
};

describe("topics", () => {
  it.each(Object.keys(CHANNELS) as ChannelName[])("of channel %s are parsed as they were formatted", (channel) => {
    const match = space.match(space.topic(channel, LEVELS));
    expect(match?.channel).toBe(channel);
    for (const [name, value] of Object.entries(match?.levels ?? {})) expect(value).toBe(LEVELS[name]);
  });

  it("have a plus for every missing level", () => {
    expect(space.filter("receipt", { sender: "anna" })).toBe("cairn/v1/chapel/receipt/anna/+");
    expect(space.filter("presence")).toBe("cairn/v1/chapel/presence/+/+");
  });

  it("are refused without a level, or with a wildcard or a slash in a level", () => {
    expect(() => space.topic("image", { sender: "anna" })).toThrow(/image_name/);
    for (const name of [
      "+",
      "#",
      "../x",
      "a/b",
      "",
      "wanted",
      "missing",
      "a\u0000",
      "a\u202eb",
      "\u{1fffe}",
      "\ud800",
      "é".repeat(101),
    ])
      expect(() => space.topic("image", { sender: "anna", image_name: name })).toThrow(/not a valid/);
    expect(() => new TopicSpace("cairn/+", "chapel")).toThrow(/root/);
    expect(() => new TopicSpace("cairn/v1", "Chapel!")).toThrow(/project/);
  });

  it.each([
    "cairn/v1/other/reference/current",
    "cairn/v2/chapel/reference/current",
    "cairn/v1/chapel/shard/0/ply/1",
    "x",
  ])("of other projects, roots and shapes match no channel: %s", (topic) => {
    expect(space.match(topic)).toBeNull();
  });
});

describe("names", () => {
  it.each(["IMG_0001.JPG", "Tür 1.jpg", "写真.jpg", "..", "$SYS", "\u{1f469}\u200d\u{1f680}.jpg", "é".repeat(100)])(
    "of images are labels: %s",
    (name) => {
      expect(space.match(space.topic("image", { sender: "anna", image_name: name }))?.levels["image_name"]).toBe(name);
    },
  );

  it("of images carry session, sequence and digest", () => {
    expect(imageId("page-1", 7, "ab".repeat(32))).toBe("page-1-000007-abababababababab");
    expect(() => imageId("Page", 7, "ab".repeat(32))).toThrow(/not an image id/);
  });

  it("that are random are valid in a topic and differ", () => {
    const names = Array.from({ length: 50 }, freshName);
    expect(names.every((name) => isLevel("connection", name))).toBe(true);
    expect(new Set(names).size).toBe(50);
  });
});
