import { afterEach, expect, it, vi } from "vitest";

import { askedBy } from "../../src/ui/exports/asked";
import { Exports } from "../../src/ui/exports/dialog";
import { Measurement } from "../../src/ui/overlay/measurement";
import { Images } from "../../src/ui/panels/images";
import { Sheet } from "../../src/ui/panels/sheet";
import { call } from "../inside";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a file that was there before the list came does not end the export that was asked for", async () => {
  const rows: object[] = [{ name: "chapel-20261128-101500.ply", format: "ply", size_bytes: 7, made_at: "2026-11-28" }];
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ exports: rows }))));
  vi.stubGlobal("FormData", Set);
  const dialog = new Exports();
  const credentials = { user: "anna", password: "secret", project: "chapel" };
  const follower = { request: () => Promise.resolve("request-1") };
  Object.assign(dialog, { base: "http://viewer.example/", credentials, follower });
  await call(dialog, "submit", { preventDefault: () => undefined, target: [] });
  await call(dialog, "list");
  expect(askedBy(dialog.follower).running).toMatchObject({ id: "request-1" });
  rows.push({ name: "chapel-20261129-101500.ply", format: "ply", size_bytes: 7, made_at: "2026-11-29" });
  await call(dialog, "list");
  expect(askedBy(dialog.follower).running).toBeNull();
});

it("a mistake in a length is gone when another distance is measured", () => {
  const card = new Measurement();
  Reflect.set(card, "mistake", "Enter a length such as 2.40");
  card.distance = null;
  call(card, "willUpdate");
  expect(Reflect.get(card, "mistake")).toBeNull();
});

it("a tap that met no point is said in the status of the measurement", () => {
  const card = new Measurement();
  const said = (): boolean => JSON.stringify(call(card, "render")).includes("There is no point here");
  expect(said()).toBe(false);
  card.isMissed = true;
  expect(said()).toBe(true);
});

it("photographs that are no longer in the list are watched no longer", () => {
  const unobserve = vi.fn();
  class Observer {
    readonly observe = (): void => undefined;
    readonly unobserve = unobserve;
  }
  vi.stubGlobal("IntersectionObserver", Observer);
  const entry = (image: string) => ({ isConnected: true, dataset: { image } });
  const [placed, waiting] = [entry("one"), entry("two")];
  const images = new Images();
  Object.defineProperty(images, "renderRoot", {
    value: { querySelectorAll: () => [placed, waiting].filter(({ isConnected }) => isConnected) },
  });
  call(images, "updated");
  placed.isConnected = false; // filtered out
  call(images, "updated");
  expect(Reflect.get(images, "watched")).toEqual(new Set([waiting]));
  expect(unobserve).toHaveBeenCalledWith(placed);
});

it("the click that ends a mouse's swipe leaves the sheet as it was pulled", () => {
  const sheet = new Sheet();
  const pulled: unknown[] = [];
  vi.spyOn(sheet, "dispatchEvent").mockImplementation((event) => {
    sheet.isOpen = (event as CustomEvent<boolean>).detail;
    return pulled.push(sheet.isOpen) > 0;
  });
  const at = (clientY: number): object => ({ clientY, buttons: 1 });
  const click = (detail: number): void => {
    call(sheet, "toggled", { detail });
  };
  call(sheet, "grasped", at(100));
  call(sheet, "swiped", at(60));
  click(1);
  expect(pulled).toEqual([true]);
  click(0); // of the keyboard
  call(sheet, "grasped", at(100));
  click(1);
  expect(pulled).toEqual([true, false, true]);
});
