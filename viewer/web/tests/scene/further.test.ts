/** Do parts of the page that are loaded later get their channels, also after a lost connection? */
import { expect, it, vi } from "vitest";

import { FurtherChannels } from "../../src/scene/further";
import type { Match } from "../../src/wire/topics";
import { TopicSpace } from "../../src/wire/topics";

const space = new TopicSpace("cairn/v1", "chapel");
const ADVICE: Match = { channel: "advice", project: "chapel", levels: {} };
const TOPIC = ["cairn/v1/chapel/advice/current"];

function made() {
  const connection = { subscribe: vi.fn(), unsubscribe: vi.fn() };
  return { connection, further: new FurtherChannels(connection, space) };
}

it("passes a message on to the part that follows its channel, and to no other", () => {
  const { connection, further } = made();
  const take = vi.fn();
  further.follow("advice", take);
  expect(connection.subscribe).toHaveBeenCalledWith(TOPIC);
  expect(further.receive(ADVICE, new Uint8Array([1]))).toBe(true);
  expect(further.receive({ ...ADVICE, channel: "coverage" }, new Uint8Array([2]))).toBe(false);
  expect(take.mock.calls).toEqual([[new Uint8Array([1]), ADVICE]]);
});

it("begins and subscribes again on a new connection", () => {
  const { connection, further } = made();
  const begin = vi.fn();
  further.follow("advice", vi.fn(), begin);
  expect(begin).toHaveBeenCalledTimes(1);
  further.reset();
  expect(begin).toHaveBeenCalledTimes(2);
  expect(connection.subscribe).toHaveBeenLastCalledWith(TOPIC);
});

it("ends with the function that it gave, but not for a later follower", () => {
  const { connection, further } = made();
  const [first, second] = [vi.fn(), vi.fn()];
  const endFirst = further.follow("advice", first);
  const endSecond = further.follow("advice", second);
  endFirst();
  expect(connection.unsubscribe).not.toHaveBeenCalled();
  expect(further.receive(ADVICE, new Uint8Array([1]))).toBe(true);
  endSecond();
  expect(connection.unsubscribe).toHaveBeenCalledWith(TOPIC);
  expect(further.receive(ADVICE, new Uint8Array([1]))).toBe(false);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
});
