import { describe, expect, it } from "vitest";

import { decodeConfig, socketUrl } from "../../src/wire/config";
import type { Request } from "../../src/wire/contract";
import { decodeMessage, encodeMessage } from "../../src/wire/messages";
import { completeOf } from "../manifests";

const BASE = "http://site.example/";

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

const { manifest, shards } = completeOf(1, 0, [{ index: 0 }]);
const { generation, project, schema, sent_at } = manifest;
const page = { type: "manifest_page", schema, sent_at, project, generation, shards };

describe("a message", () => {
  it("is decoded unchanged, without unknown fields", () => {
    expect(decodeMessage("reference", bytes({ ...manifest, colour: "blue" }))).toEqual(manifest);
  });

  it("may leave out fields with a default", () => {
    const entries = shards.map((entry) => ({ ...entry, image_number: undefined })); // JSON leaves these out
    const read = decodeMessage("manifest_page", bytes({ ...page, shards: entries }));
    expect(read).toMatchObject({ shards: [{ image_number: null }] });
    const message = decodeMessage("reference", bytes({ ...manifest, frame: {} }));
    expect(message).toMatchObject({ frame: { metres_per_unit: null, up: null } });
  });

  it.each([
    ["is no JSON", new TextEncoder().encode("{"), "bad_message"],
    ["is no UTF-8", Uint8Array.from([0xff, 0xfe]), "bad_message"],
    ["is no object", bytes([1]), "bad_message"],
    ["is of another major schema", bytes({ ...manifest, schema: "2.0" }), "unknown_schema"],
    ["belongs to another channel", bytes({ ...manifest, type: "camera_page" }), "bad_message"],
    ["has a generation below zero", bytes({ ...manifest, generation: -1 }), "bad_message"],
    [
      "has a bound that is no number",
      bytes({ ...manifest, bounds: { minimum: [0, 0, "x"], maximum: [1, 1, 1] } }),
      "bad_message",
    ],
    ["has a vector of two", bytes({ ...manifest, bounds: { minimum: [0, 0], maximum: [1, 1, 1] } }), "bad_message"],
    ["has a digest of another length", bytes({ ...manifest, shard_pages: ["00"] }), "bad_message"],
    ["is larger than its channel allows", new Uint8Array(4 * 1024 * 1024 + 1), "bad_message"],
  ])("that %s is refused", (_, payload, code) => {
    expect(() => decodeMessage("reference", payload)).toThrow(expect.objectContaining({ code }));
  });

  it("is refused with the place of the mismatch", () => {
    const broken = { ...page, shards: [{ ...shards[0], level: -1 }] };
    expect(() => decodeMessage("manifest_page", bytes(broken))).toThrow(/shards\[0\]\.level/);
  });

  it("gets its envelope when it is written", () => {
    const request = encodeMessage<Request>({
      type: "request",
      project: "chapel",
      id: "r1",
      verb: "ping",
      connection: "c1",
      generation: null,
      shards: [],
      image_id: null,
      max_side_px: 2048,
      format: null,
      has_names: true,
    });
    const read = JSON.parse(new TextDecoder().decode(request)) as Record<string, unknown>;
    expect(read).toMatchObject({ type: "request", schema: "1.0", verb: "ping" });
    expect(Date.parse(String(read["sent_at"]))).not.toBeNaN();
  });
});

describe("the page's configuration", () => {
  it("has defaults, and becomes a WebSocket address", () => {
    const { mqtt_url: url, root } = decodeConfig({}, BASE);
    expect(root).toBe("cairn/v1");
    expect(socketUrl(url, "http://192.168.1.5:8080/x")).toBe("ws://192.168.1.5:8080/mqtt");
    expect(socketUrl("/mqtt", "https://site.example")).toBe("wss://site.example/mqtt");
    expect(socketUrl("wss://broker.example:9001/mqtt", "http://x")).toBe("wss://broker.example:9001/mqtt");
  });

  it("of another kind of server is refused", () => {
    expect(() => decodeConfig("<html>", BASE)).toThrow(/page server/);
    expect(() => decodeConfig({ projects: [1] }, BASE)).toThrow(/page server/);
  });
});
