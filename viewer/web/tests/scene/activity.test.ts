import { describe, expect, it } from "vitest";

import type { Entry, Known, Heard } from "../../src/scene/activity";
import { MOST_ENTRIES, imageOfEntry, isWarning, logged, shownEntries, withHistory } from "../../src/scene/activity";
import { rigsAfter } from "../../src/scene/rigs";
import type { AgentState, EventHistory, ProcessingComplete, ProcessingStarted } from "../../src/wire/contract";
import { goldenJson } from "../golden";

const DAY = Date.parse("2026-11-28T09:00:00Z");
const at = (second: number): string => new Date(DAY + 1000 * second).toISOString();
const envelope = { schema: "1.0", project: "chapel" } as const;
const imageId = (number: number): string => `walk-${String(number).padStart(6, "0")}-0123456789abcdef`;
const nothing: Known = { activity: [], presence: "ready", rigs: new Map(), scaleBarAt: null };

function started(number: number): ProcessingStarted {
  return {
    ...envelope,
    type: "processing_started",
    sent_at: at(10 * number),
    image_id: imageId(number),
    image_number: number,
  };
}

function complete(number: number, change: Partial<ProcessingComplete> = {}): ProcessingComplete {
  return {
    ...envelope,
    type: "processing_complete",
    sent_at: at(10 * number + 5),
    image_id: imageId(number),
    image_number: number,
    state: "placed",
    is_refetch: false,
    generation: 1,
    revision: 1,
    new_point_count: 500,
    duration_s: 3,
    stored_to_shard_s: null,
    captured_to_shard_s: null,
    ...change,
  };
}

function rig(change: Partial<AgentState>): AgentState {
  return {
    ...envelope,
    type: "agent_state",
    sent_at: at(0),
    agent: "rig-north",
    boot_id: "b",
    run_id: "r",
    session: "rig-north-abc",
    presence: "online",
    is_capturing: true,
    is_finished: false,
    reason: null,
    ...change,
  };
}

function after(messages: readonly Heard[], known = nothing): readonly Entry[] {
  return messages.reduce<readonly Entry[]>(
    (activity, message) => logged({ ...known, activity }, message, Date.parse(message.sent_at)),
    [],
  );
}

function history(events: EventHistory["events"]): EventHistory {
  return { ...envelope, type: "event_history", sent_at: at(999), events };
}

describe("the log", () => {
  it("is filled with the day, and what came by itself stands in it once", () => {
    const own = after([started(3), complete(3)]);
    const day = withHistory(own, history([started(1), complete(1), complete(2), started(3), complete(3)]), DAY + 1e6);
    expect(day.map(({ message }) => message.sent_at)).toEqual([35, 30, 25, 15, 10].map(at));
    expect(new Set(day.map(({ number }) => number)).size).toBe(5);
    expect(withHistory(day, history([started(1), complete(2)]), DAY + 1e6)).toBe(day);
  });

  it("tells no time that is still to come, when the server's clock is ahead", () => {
    const [entry] = withHistory([], history([complete(1)]), DAY);
    expect(entry?.atMs).toBe(DAY);
  });

  it("stays short", () => {
    const many = Array.from({ length: 400 }, (_, index) => complete(index + 1));
    const activity = after(many);
    expect([activity.length, activity[0]?.message.sent_at]).toEqual([MOST_ENTRIES, at(4005)]);
  });

  it("has room for as many images as it shows, whose starts and points are not shown", () => {
    const update: EventHistory["events"][number] = {
      ...envelope,
      type: "shard_update",
      sent_at: at(3),
      image_id: imageId(1),
      image_number: 1,
      generation: 1,
      revision: 1,
      shards: [],
      point_count: 9,
    };
    expect(withHistory([], history([update]), DAY)).toEqual([]);
    const events = Array.from({ length: MOST_ENTRIES }, (_, index) => [started(index + 1), complete(index + 1)]).flat();
    const day = withHistory([], history(events), DAY + 1e9);
    expect(shownEntries(day)).toHaveLength(MOST_ENTRIES);
    const later = shownEntries(logged({ ...nothing, activity: day }, complete(900), DAY + 1e9));
    expect([later.length, later.at(-1)?.message.sent_at]).toEqual([MOST_ENTRIES, at(25)]);
  });

  it("takes no figures, and no state that is told again", () => {
    const { valid } = goldenJson("messages/reconstructor_statistics.json") as {
      valid: readonly { read: Parameters<typeof logged>[1] }[];
    };
    const figures = valid[0]?.read;
    if (figures) expect(logged(nothing, figures, DAY)).toBe(nothing.activity);
    const online = rigsAfter(new Map(), rig({}), DAY);
    expect(after([rig({})])).toEqual([]); // how it is when the page opens
    expect(after([rig({ sent_at: at(9) })], { ...nothing, rigs: online })).toEqual([]);
    expect(after([rig({ presence: "offline" })], { ...nothing, rigs: online })).toHaveLength(1);
  });
});

describe("what the log shows", () => {
  it("is one line of an image that is through, and its beginning before that", () => {
    const shown = shownEntries(after([started(1), complete(1), started(2)]));
    expect(shown.map(({ message }) => message.type)).toEqual(["processing_started", "processing_complete"]);
    expect(shown.map(imageOfEntry)).toEqual([2, 1].map((number) => ({ number, imageId: imageId(number) })));
  });

  it("counts as a warning what somebody should look at; a rig that has finished is none", () => {
    const known = { ...nothing, rigs: rigsAfter(new Map(), rig({}), DAY) };
    const isWarned = (message: Heard): readonly boolean[] => after([message], known).map(isWarning);
    expect(isWarned(complete(1))).toEqual([false]);
    expect(isWarned(complete(1, { state: "waiting" }))).toEqual([true]);
    expect(isWarned(rig({ presence: "offline" }))).toEqual([true]);
    expect(isWarned(rig({ presence: "offline", is_finished: true }))).toEqual([false]);
  });
});
