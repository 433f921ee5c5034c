import { describe, expect, it } from "vitest";

import { imagesAfter, NO_IMAGES } from "../../src/scene/images";
import { lastImageOf, rigsAfter, rigsInOrder, statusOf, waitingOn, warningsOf } from "../../src/scene/rigs";
import type { Rig } from "../../src/scene/rigs";
import type { AgentHealth, AgentState } from "../../src/wire/contract";
import { goldenJson } from "../golden";

function read<T>(type: string, change: Partial<T> = {}): T {
  const { valid } = goldenJson(`messages/${type}.json`) as { valid: readonly { what: string; read: T }[] };
  const least = valid.find(({ what }) => what === "only the required fields")?.read;
  if (!least) throw new Error(`${type} has no golden message`);
  return { ...least, ...change };
}

function rigOf(state: Partial<AgentState>, health: Partial<AgentHealth>): Rig {
  const plenty: Partial<AgentHealth> = { agent: "rig-north", spool_count: 0, disk_free_bytes: 9e9 };
  const told = rigsAfter(new Map(), read<AgentState>("agent_state", { agent: "rig-north", ...state }), 1);
  const [rig] = rigsInOrder(rigsAfter(told, read<AgentHealth>("agent_health", { ...plenty, ...health }), 2));
  if (!rig) throw new Error("no rig");
  return rig;
}

describe("a rig", () => {
  it("that has finished is not one that was lost", () => {
    expect(statusOf(rigOf({ presence: "online", is_capturing: true }, {}))).toBe("capturing");
    expect(statusOf(rigOf({ presence: "online", is_capturing: false }, {}))).toBe("idle");
    expect(statusOf(rigOf({ presence: "offline", is_finished: true }, {}))).toBe("finished");
    expect(statusOf(rigOf({ presence: "offline", is_finished: false }, {}))).toBe("offline");
  });

  it("tells what is still on it, and warns of it when it is away", () => {
    const rig = rigOf({ presence: "offline", is_finished: false }, { spool_count: 3, held_count: 2 });
    expect(waitingOn(rig)).toBe(5);
    expect(warningsOf(rig)).toEqual([{ kind: "left" }]);
    expect(warningsOf(rigOf({ presence: "online" }, { spool_count: 3 }))).toEqual([]);
  });

  it("warns of battery, disk, heat, clock and alarms", () => {
    const poor = { battery_ratio: 0.1, disk_free_bytes: 5e8, temperature_deg: 83, is_clock_synchronised: false };
    const kinds = warningsOf(rigOf({ presence: "online" }, { ...poor, alarms: ["spool_filling"] }));
    expect(kinds.map(({ kind }) => kind)).toEqual(["battery", "disk", "hot", "clock", "alarm"]);
  });

  it("has as its last photograph the newest of its own sessions", () => {
    const taken = (number: number, session: string): Parameters<typeof imagesAfter>[1] => ({
      ...read("processing_started"),
      type: "processing_started",
      image_id: `${session}-${String(number).padStart(6, "0")}-0123456789abcdef`,
      image_number: number,
    });
    const images = [taken(1, "rig-north-a1"), taken(2, "rig-north-a1"), taken(3, "rig-northern-b2")].reduce(
      imagesAfter,
      NO_IMAGES,
    );
    expect(lastImageOf(images, "rig-north")?.number).toBe(2);
    expect(lastImageOf(images, "rig-west")).toBeNull();
  });

  it("with a long name, or the name of another one in its own, has its own last photograph", () => {
    const long = "rig-of-the-cathedral-tower-in-the-north"; // cut to 30 and 32 signs in its sessions
    const sessions = ["rig-north-a1", "rig-north-2-b2", `${long.slice(0, 32)}-c3`, `${long.slice(0, 30)}-upload`];
    const started = sessions.map((session, at): Parameters<typeof imagesAfter>[1] => ({
      ...read("processing_started"),
      type: "processing_started",
      image_id: `${session}-00000${at + 1}-0123456789abcdef`,
      image_number: at + 1,
    }));
    const numberOf = (count: number, agent: string): number | undefined =>
      lastImageOf(started.slice(0, count).reduce(imagesAfter, NO_IMAGES), agent)?.number;
    expect(["rig-north", "rig-north-2", "rig-north-22"].map((agent) => numberOf(4, agent))).toEqual([1, 2, undefined]);
    expect([numberOf(3, long), numberOf(4, long)]).toEqual([3, 4]);
  });
});
