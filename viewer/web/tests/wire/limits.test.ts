import { describe, expect, it } from "vitest";

import { checkRoom, complaintOf, roomFor } from "../../src/wire/limits";

const TOPIC = "cairn/v1/chapel/image/anna/door-000001-0123456789abcdef";

describe("the broker's limits", () => {
  it("let everything pass that a broker does not limit", () => {
    expect(roomFor(TOPIC, {})).toBe(Infinity);
    expect(complaintOf({})).toBeNull();
    checkRoom(TOPIC, 30_000_000, {});
  });

  it("leave room for the topic and the headers of a packet", () => {
    const room = roomFor(TOPIC, { maximumPacketSize: 1000 });
    expect(room).toBeGreaterThan(800);
    expect(room).toBeLessThan(1000 - TOPIC.length - 20);
    checkRoom(TOPIC, room, { maximumPacketSize: 1000 });
    expect(() => {
      checkRoom(TOPIC, room + 1, { maximumPacketSize: 1000 });
    }).toThrow(/1 above what the broker takes. Raise its max_packet_size/);
  });

  it("are complained about when the page cannot work with them", () => {
    expect(complaintOf({ maximumQoS: 0 })).toMatch(/Allow QoS 1/);
    expect(complaintOf({ retainAvailable: false })).toMatch(/Switch them on/);
    expect(complaintOf({ maximumQoS: 1, retainAvailable: true, maximumPacketSize: 10 })).toBeNull();
  });
});
