import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { ProjectState } from "../../../src/scene/state";
import type { Uploader } from "../../../src/scene/uploading/uploader";
import type { Upload } from "../../../src/scene/uploading/uploads";
import { Keeping } from "../../../src/ui/photographs/keeping";
import type { Waits } from "../../../src/ui/photographs/waits";
import { Database, Locks } from "../../browser-stores";

const account = { user: "anna", project: "chapel", server: "https://cairn.example/" };
const row = { ...account, blob: new Blob(), name: "a.jpg", imageId: null, tab: "gone" };
const counts: (number | null)[] = [];
const waits: Waits[] = [];
const uploads: Partial<Upload>[] = [];
let database: Database;
let page: EventTarget & { visibilityState?: string };
let keeping: Keeping;
const uploader = { resume: vi.fn(), retry: vi.fn() };

beforeEach(() => {
  database = new Database();
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("indexedDB", database);
  vi.stubGlobal("navigator", { locks: new Locks() });
  vi.stubGlobal("location", { origin: "https://cairn.example" });
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", new EventTarget());
  for (const each of [counts, waits, uploads]) each.length = 0;
  keeping = new Keeping({
    account,
    uploads: () => uploads as ProjectState["uploads"],
    onKept: (count) => counts.push(count),
    onWaits: (each) => waits.push(each),
  });
});
afterEach(() => {
  keeping.close();
  vi.clearAllMocks();
  vi.unstubAllGlobals();
});

function start(): void {
  keeping.start(uploader as unknown as Uploader);
}

function follow(kind: "connected" | "lost", count: number, presence: "ready" | "offline" = "ready"): void {
  keeping.follow({ link: { kind, count }, reconstructor: { presence } } as unknown as ProjectState);
}

function isClosingAsked(): boolean {
  const event = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
}

it("what another tab left is sent when the page is seen again", async () => {
  start();
  await expect.poll(() => waits.length).toBe(1);
  database.rows.set("a", { ...row, key: "a" });
  page.dispatchEvent(new Event("visibilitychange"));
  await expect.poll(() => counts).toEqual([1]);
  expect(uploader.resume).toHaveBeenCalledOnce();
});

it("each connection with a reconstructor is another try", async () => {
  start();
  follow("connected", 1);
  follow("connected", 1);
  expect(uploader.retry).toHaveBeenCalledTimes(1);
  follow("connected", 1, "offline");
  follow("connected", 1);
  follow("lost", 1);
  follow("connected", 2, "offline");
  expect(uploader.retry).toHaveBeenCalledTimes(2);
  follow("connected", 2);
  follow("connected", 3); // the loss between was too short to be seen
  expect(uploader.retry).toHaveBeenCalledTimes(4);
  await expect.poll(() => waits.length).toBeGreaterThan(1);
});

it("what another tab keeps is counted again when it changes", async () => {
  start();
  await expect.poll(() => waits.length).toBe(1);
  const other = new Keeping({ account, uploads: () => [], onKept: () => undefined, onWaits: () => undefined });
  other.start(uploader as unknown as Uploader);
  other.kept.keep("a", new File(["x"], "a.jpg"));
  await expect.poll(() => waits.at(-1)?.elsewhereCount, { timeout: 3000 }).toBe(1);
  other.close();
  await expect.poll(() => waits.at(-1)?.elsewhereCount, { timeout: 3000 }).toBe(0);
  expect(counts).toEqual([1]);
});

it("a browser that keeps nothing says so once, and asks before it loses a photograph", async () => {
  database.isFull = true;
  keeping.kept.keep("a", new File(["x"], "a.jpg"));
  keeping.kept.keep("b", new File(["x"], "b.jpg"));
  await expect.poll(() => keeping.kept.inMemory.size).toBe(2);
  expect([counts, waits.map(({ isKeeping }) => isKeeping)]).toEqual([[null], [false]]);
  uploads.push({ key: "a", state: "sending" }, { key: "b", state: "stored" });
  expect(isClosingAsked()).toBe(true);
  uploads[0] = { key: "a", state: "stored" };
  expect(isClosingAsked()).toBe(false);
  uploads[0] = { key: "a", state: "failed", code: "no_receipt" };
  expect(isClosingAsked()).toBe(true);
  keeping.close();
  expect(isClosingAsked()).toBe(false);
});
