import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Leaving } from "../../../src/ui/account/leaving";
import { forgetKept, keptCount } from "../../../src/ui/photographs/rows";
import type { ViewerState } from "../../../src/ui/viewer-state";
import { initialViewerState } from "../../../src/ui/viewer-state";

const kept = vi.hoisted(() => new Map<string, { key: string; user: string; server?: string }>());

/** As much of IndexedDB as the kept photographs use. */
function database(): object {
  const request = (result: unknown): Record<string, unknown> => {
    const asked: Record<string, unknown> = { result };
    queueMicrotask(() => (asked["onsuccess"] as (() => void) | undefined)?.());
    return asked;
  };
  const store = { getAll: () => request([...kept.values()]), delete: (key: string) => request(kept.delete(key)) };
  const transaction = (): object => {
    const begun: Record<string, unknown> = { objectStore: () => store };
    setTimeout(() => {
      (begun["oncomplete"] as () => void)();
    });
    return begun;
  };
  return { open: () => request({ transaction, close: () => undefined }) };
}

const config = { base: "http://127.0.0.1/", has_invitations: true };
const guest = { user: "dora", password: "known to this browser alone", project: "chapel", isInvited: true };
const asked: string[] = [];

beforeEach(() => {
  vi.stubGlobal("indexedDB", database());
  vi.stubGlobal("location", { origin: "http://127.0.0.1" });
  vi.stubGlobal("fetch", (address: URL, { method }: RequestInit) => {
    asked.push(`${method} ${address.pathname}`);
    return Promise.resolve(new Response());
  });
  kept.clear();
  kept.set("a", { key: "a", user: "dora" });
  kept.set("b", { key: "b", user: "anna" });
  asked.length = 0;
});
afterEach(() => {
  vi.unstubAllGlobals();
});

class Host extends EventTarget {
  readonly config = config;
  readonly session = null;
  view: ViewerState = initialViewerState(true);
  closedCount = 0;

  constructor(public credentials: typeof guest | null) {
    super();
  }

  change(change: Partial<ViewerState>): void {
    this.view = { ...this.view, ...change };
  }

  closeAccount(): void {
    this.credentials = null;
    this.closedCount += 1;
  }
}

function leavingOf(host: Host): Leaving {
  return new Leaving(host as unknown as ConstructorParameters<typeof Leaving>[0]);
}

it("an invited guest whose photographs wait is asked first, and stays", async () => {
  const host = new Host(guest);
  await leavingOf(host).logOut();
  expect([host.closedCount, host.view.unsentCount, asked]).toEqual([0, 1, []]);
});

it("who loses them on purpose leaves no photograph and no account behind", async () => {
  const host = new Host(guest);
  const leaving = leavingOf(host);
  await leaving.logOut();
  await leaving.logOutAndLose();
  expect([host.closedCount, host.view.unsentCount, asked]).toEqual([1, null, ["DELETE /account"]]);
  expect([await keptCount("dora", config.base), await keptCount("anna", config.base)]).toEqual([0, 1]);
});

it("photographs for another server are neither counted nor deleted", async () => {
  const another = "https://another.example/";
  kept.set("c", { key: "c", user: "dora", server: another });
  await forgetKept("dora", config.base);
  expect([await keptCount("dora", `${config.base}?project=chapel`), await keptCount("dora", another)]).toEqual([0, 1]);
});

it("without photographs that wait a guest is out at once, and the account ends", async () => {
  await forgetKept("dora", config.base);
  const host = new Host(guest);
  await leavingOf(host).logOut();
  expect([host.closedCount, asked]).toEqual([1, ["DELETE /account"]]);
});

it("who has a password logs out at once: the photographs wait for the next login", async () => {
  const host = new Host({ ...guest, user: "anna", isInvited: false });
  await leavingOf(host).logOut();
  expect([host.closedCount, asked]).toEqual([1, []]);
  expect(await keptCount("anna", config.base)).toBe(1);
});

it("a browser that keeps no photographs asks nothing", async () => {
  vi.stubGlobal("indexedDB", undefined);
  const host = new Host(guest);
  await leavingOf(host).logOut();
  expect(host.closedCount).toBe(1);
});

it("a database that never answers keeps nobody in, and no account is ended on its word", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("indexedDB", { open: () => ({}) });
  const host = new Host(guest);
  const leaving = leavingOf(host).logOut();
  await vi.advanceTimersByTimeAsync(2_000);
  await leaving;
  vi.useRealTimers();
  expect([host.closedCount, asked]).toEqual([1, []]);
});
