/** An export is followed without its dialog, and given up when nothing is heard of it. */
import { afterEach, expect, it, vi } from "vitest";

import type { Follower } from "../../src/scene/follower";
import { askedBy } from "../../src/ui/exports/asked";
import { Exports } from "../../src/ui/exports/dialog";
import type { ReadMessage } from "../../src/wire/messages";
import { call } from "../inside";

const MINUTE_MS = 60_000;
const progress = { type: "progress", request_id: "request-1", stage: "depth", done_ratio: 0.5 } as ReadMessage;
const answer = {
  type: "response",
  verb: "export",
  id: "request-1",
  code: null,
  reason: null,
  export: { name: "chapel.ply", size_bytes: 7, point_count: 5, is_metric: true },
} as unknown as ReadMessage;

function session(): Follower {
  return { request: vi.fn(() => Promise.resolve("request-1")), listeners: new Set() } as unknown as Follower;
}

function opened(follower: Follower): Exports {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ exports: [] }))));
  vi.stubGlobal("FormData", Set);
  const dialog = new Exports();
  const credentials = { user: "anna", password: "secret", project: "chapel" };
  Object.assign(dialog, { base: "http://viewer.example/", credentials, follower });
  Object.defineProperty(dialog, "dialog", { value: { showModal: () => undefined } });
  call(dialog, "firstUpdated");
  return dialog;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("a dialog that is opened again shows how the export ended meanwhile", async () => {
  const follower = session();
  const first = opened(follower);
  await call(first, "submit", { preventDefault: () => undefined, target: ["names"] });
  first.disconnectedCallback();
  for (const listener of follower.listeners) listener(progress);
  expect(askedBy(follower).running).toMatchObject({ id: "request-1", stage: "depth", ratio: 0.5 });
  for (const listener of follower.listeners) listener(answer);
  expect(Reflect.get(first, "news")).toBeNull();
  const second = opened(follower);
  expect(Reflect.get(second, "news")).toBe("PLY is ready: 5 points, in metres");
  second.disconnectedCallback();
});

it("another export may be asked for when nothing is heard of the last one, which is known again when it is", () => {
  const asked = askedBy(session());
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  asked.begin("ply", new Set());
  asked.accept("request-1");
  now.mockReturnValue(4 * MINUTE_MS);
  expect(asked.isLost).toBe(false);
  asked.hear(progress);
  now.mockReturnValue(8 * MINUTE_MS);
  expect(asked.isLost).toBe(false);
  now.mockReturnValue(10 * MINUTE_MS);
  expect(asked.isLost).toBe(true);
  asked.hear(progress);
  expect(asked.isLost).toBe(false);
});

it("the names are left out of each format when the switch says so", async () => {
  const request = vi.fn(() => Promise.resolve("request-1"));
  const dialog = opened({ request, listeners: new Set() } as unknown as Follower);
  await call(dialog, "submit", { preventDefault: () => undefined, target: [] });
  expect(request).toHaveBeenCalledWith("export", { format: "ply", hasNames: false });
  dialog.disconnectedCallback();
});
