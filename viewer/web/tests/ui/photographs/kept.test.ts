import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { KeptPhotographs } from "../../../src/ui/photographs/kept";
import { Database, Locks } from "../../browser-stores";

const SERVER = "https://cairn.example/";
const anna = { user: "anna", project: "chapel", server: SERVER };
let database: Database;
let opened: KeptPhotographs[];
const persist = vi.fn(() => Promise.resolve(true));

beforeEach(() => {
  database = new Database();
  opened = [];
  persist.mockClear();
  vi.stubGlobal("indexedDB", database);
  vi.stubGlobal("navigator", { locks: new Locks(), storage: { persist } });
  vi.stubGlobal("location", { origin: "https://cairn.example" });
});
afterEach(() => {
  for (const each of opened) each.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function tab(account = anna, events: Partial<ConstructorParameters<typeof KeptPhotographs>[1]> = {}): KeptPhotographs {
  const nothing = (): void => undefined;
  const kept = new KeptPhotographs(account, { onTrouble: nothing, onFreed: nothing, onChange: nothing, ...events });
  opened.push(kept);
  return kept;
}

function photograph(name: string): File {
  return new File(["x"], name);
}

async function namesOf(kept: KeptPhotographs): Promise<readonly string[]> {
  return (await kept.unsent()).map(({ photograph: { name } }) => name);
}

async function rowCount(count: number): Promise<void> {
  await expect.poll(() => database.rows.size).toBe(count);
}

it("without locks, because the browser refuses them, the roll call says which tabs live", async () => {
  vi.useFakeTimers();
  const refused = (): Promise<never> => Promise.reject(new DOMException("refused", "SecurityError"));
  vi.stubGlobal("navigator", { locks: { request: refused, query: refused } });
  vi.stubGlobal("indexedDB", {
    open: () => {
      throw new Error("nothing is kept here");
    },
  });
  const kept = tab();
  const unsent = kept.unsent();
  await vi.advanceTimersByTimeAsync(1500);
  expect(await unsent).toEqual([]);
});

it("photographs come back in the order in which they were chosen", async () => {
  const first = tab();
  for (const [at, name] of ["d", "a", "c", "b"].entries()) first.keep(name, photograph(`${at}.jpg`));
  await rowCount(4);
  first.close();
  expect(await namesOf(tab())).toEqual(["0.jpg", "1.jpg", "2.jpg", "3.jpg"]);
});

it("a tab that ended leaves its photographs to one that lives", async () => {
  const onFreed = vi.fn();
  const second = tab(anna, { onFreed });
  expect(await namesOf(second)).toEqual([]);
  const first = tab();
  await first.unsent();
  first.keep("a", photograph("a.jpg"));
  await rowCount(1);
  expect(await namesOf(second)).toEqual([]);
  expect(onFreed).not.toHaveBeenCalled();
  await expect.poll(async () => (await second.beside()).elsewhereCount).toBe(1);
  first.close();
  await expect.poll(() => onFreed.mock.calls.length).toBe(1);
  expect(await namesOf(second)).toEqual(["a.jpg"]);
  expect((await second.beside()).elsewhereCount).toBe(0);
});

it("a closed tab waits for no other", async () => {
  const onFreed = vi.fn();
  const first = tab();
  const second = tab(anna, { onFreed });
  await second.unsent();
  second.close();
  first.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(onFreed).not.toHaveBeenCalled();
});

it("tabs hear when another one keeps or forgets a photograph", async () => {
  const onChange = vi.fn();
  tab(anna, { onChange });
  const first = tab();
  first.keep("a", photograph("a.jpg"));
  await expect.poll(() => onChange.mock.calls.length).toBe(1);
  first.forget("a");
  await expect.poll(() => onChange.mock.calls.length).toBe(2);
});

it("photographs of other projects and accounts are counted, and those of another server are not", async () => {
  const accounts = [
    { ...anna, project: "bridge" },
    { ...anna, project: "bridge" },
    { ...anna, user: "ben" },
    { ...anna, server: "https://another.example/" },
  ];
  for (const [at, account] of accounts.entries()) tab(account).keep(String(at), photograph("x.jpg"));
  await rowCount(4);
  expect((await tab().beside()).others).toEqual([
    { user: null, project: "bridge", count: 2 },
    { user: "ben", project: "chapel", count: 1 },
  ]);
});

it("a photograph is sent to the server for which it was chosen", async () => {
  const first = tab({ ...anna, server: "https://another.example/" });
  first.keep("a", photograph("a.jpg"));
  await rowCount(1);
  first.close();
  expect(await namesOf(tab())).toEqual([]);
  expect(await namesOf(tab({ ...anna, server: "https://another.example/" }))).toEqual(["a.jpg"]);
});

it("a row of an older page, without a server, is sent to the page's own", async () => {
  const row = { user: "anna", project: "chapel", blob: new Blob(), name: "a.jpg", imageId: null, tab: "gone" };
  database.rows.set("a", { key: "a", ...row });
  expect(await namesOf(tab({ ...anna, server: "https://another.example/" }))).toEqual([]);
  expect(await namesOf(tab())).toEqual(["a.jpg"]);
});

it("the browser is asked once to delete nothing", async () => {
  const first = tab();
  expect(persist).not.toHaveBeenCalled();
  first.keep("a", photograph("a.jpg"));
  first.keep("b", photograph("b.jpg"));
  await rowCount(2);
  expect(persist).toHaveBeenCalledOnce();
});

it("what the browser does not keep is known", async () => {
  const onTrouble = vi.fn();
  const first = tab(anna, { onTrouble });
  first.keep("a", photograph("a.jpg"));
  await rowCount(1);
  database.isFull = true;
  first.keep("b", photograph("b.jpg"));
  await expect.poll(() => onTrouble.mock.calls.length).toBe(1);
  expect([...first.inMemory]).toEqual(["b"]);
});
