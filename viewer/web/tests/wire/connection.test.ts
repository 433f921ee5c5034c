import { afterEach, describe, expect, it, vi } from "vitest";

import type { LinkState } from "../../src/wire/connection";
import { Connection } from "../../src/wire/connection";
import { CHANNELS } from "../../src/wire/contract";
import { TopicSpace } from "../../src/wire/topics";
import type { Answers } from "./broker";
import { Broker } from "./broker";

const credentials = { user: "anna", password: "secret", project: "chapel" };
const NOT_AUTHORISED = 0x87;
const BAD_PASSWORD = 0x86;
const HELD_BACK = 0x9f;
const ending: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

interface Connected {
  readonly broker: Broker;
  readonly connection: Connection;
  readonly states: LinkState[];
}

async function connected(answers: Answers): Promise<Connected> {
  const broker = await Broker.answering(answers);
  const states: LinkState[] = [];
  const connection = new Connection({
    url: broker.url,
    credentials,
    space: new TopicSpace("cairn/v1", "chapel"),
    name: "tab",
    onState: (state) => states.push(state),
    onMessage: () => undefined,
  });
  ending.push(
    () => {
      broker.close();
    },
    () => connection.close(),
  );
  return { broker, connection, states };
}

function waitFor(states: readonly LinkState[], kind: LinkState["kind"]): Promise<void> {
  return vi.waitFor(() => {
    expect(states.at(-1)?.kind).toBe(kind);
  });
}

describe("a message that is not taken", () => {
  it("is refused for lack of rights by a code of its own, not by that of a wrong password", async () => {
    const { connection, states } = await connected({ connect: [0], publish: NOT_AUTHORISED });
    await waitFor(states, "connected");
    const sent = connection.publish("scale_bar", {}, new Uint8Array(3));
    await expect(sent).rejects.toMatchObject({ code: "look_only" });
  });

  it("is refused for its size by another one", async () => {
    const { connection } = await connected({ connect: [0] });
    const tooLarge = new Uint8Array(CHANNELS.scale_bar.maxBytes + 1);
    await expect(connection.publish("scale_bar", {}, tooLarge)).rejects.toMatchObject({ code: "publish_refused" });
  });
});

describe("a login that the page server lets wait after wrong passwords", () => {
  it("is tried again by itself, after a pause", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true, advanceTimeDelta: 20 });
    ending.push(() => vi.useRealTimers());
    const { broker, states } = await connected({ connect: [HELD_BACK, HELD_BACK, 0] });
    await vi.waitFor(() => {
      expect(states.at(-1)).toEqual({ kind: "lost", attempt: 1, isHeldBack: true });
    });
    await vi.advanceTimersByTimeAsync(1500);
    expect(broker.loginCount).toBe(1);
    await vi.waitFor(
      async () => {
        await vi.advanceTimersByTimeAsync(1000);
        expect(states.at(-1)?.kind).toBe("connected");
      },
      { timeout: 4000, interval: 10 },
    );
    expect(broker.loginCount).toBe(3);
    expect(states.some(({ kind }) => kind === "refused")).toBe(false);
  });

  it("is another thing than a wrong password", async () => {
    const { states } = await connected({ connect: [BAD_PASSWORD] });
    await waitFor(states, "refused");
    expect(states.at(-1)).toMatchObject({ isLoginWrong: true });
  });
});
