import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { isStaying, onStayingElsewhere, remembered, remembering } from "../../../src/remembered";
import type { Visitor } from "../../../src/remembered";

type Mutable = { -readonly [Name in keyof Visitor]: Visitor[Name] };

const guest = { user: "anna", password: "known to this browser alone", project: "chapel", isInvited: true };

const device = (): object => {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
};
const shared = { localStorage: device() };

/** Another tab of the same browser comes to the front. */
function tab(): void {
  vi.stubGlobal("window", Object.assign(new EventTarget(), shared, { sessionStorage: device() }));
}

/** A page in which nobody is yet; gives what it keeps after each change. */
function page(): { visitor: Mutable; changed: (change: Partial<Visitor>) => void } {
  const visitor: Mutable = { credentials: null, isStaying: false, isForgotten: false };
  const remember = remembering(visitor);
  return {
    visitor,
    changed: (change) => {
      Object.assign(visitor, change);
      remember();
    },
  };
}

let first = page();

beforeEach(() => {
  shared.localStorage = device();
  tab();
  first = page();
  first.changed({ credentials: guest, isStaying: true });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it("an account that only waits, or that another invitation did not replace, stays remembered", () => {
  first.changed({ credentials: null });
  expect(remembered()).toEqual(guest);
});

it("an account that was logged out is forgotten", () => {
  first.changed({ credentials: null, isForgotten: true });
  expect(remembered()).toBeNull();
});

it("the account that comes in takes the place of the one before", () => {
  first.changed({ credentials: { ...guest, user: "bela" }, isStaying: false });
  expect(remembered()?.user).toBe("bela");
});

describe("an account that stays on this device", () => {
  it("is not replaced by a newcomer who did not ask to stay, nor by the newcomer's logout", () => {
    tab();
    const newcomer = page();
    newcomer.changed({ credentials: { ...guest, user: "bela" } });
    newcomer.changed({ credentials: { ...guest, user: "bela", project: "castle" } });
    newcomer.changed({ credentials: null, isForgotten: true });
    expect(remembered()).toEqual(guest);
  });

  it("is replaced by another one that shall stay", () => {
    tab();
    page().changed({ credentials: { ...guest, user: "bela" }, isStaying: true });
    expect([isStaying("anna"), isStaying("bela"), isStaying(undefined)]).toEqual([false, true, false]);
  });

  it("stays when a tab that has missed the tick opens another project", () => {
    tab();
    const other = page();
    Object.assign(other.visitor, { credentials: guest });
    const missed = remembering(other.visitor);
    Object.assign(other.visitor, { credentials: { ...guest, project: "castle" } });
    missed();
    expect(isStaying("anna")).toBe(true);
  });

  it("is gone for a tab that has missed the end of the tick, too", () => {
    const behind = window;
    tab();
    const other = page();
    other.changed({ credentials: guest, isStaying: true });
    other.changed({ isStaying: false });
    vi.stubGlobal("window", behind);
    first.changed({ credentials: { ...guest, project: "castle" } });
    expect([isStaying("anna"), remembered()?.project]).toEqual([false, "castle"]);
  });

  it("is told to the other tabs", () => {
    const told = vi.fn();
    onStayingElsewhere(told);
    window.dispatchEvent(Object.assign(new Event("storage"), { key: "cairn.theme" }));
    expect(told).not.toHaveBeenCalled();
    window.dispatchEvent(Object.assign(new Event("storage"), { key: "cairn.account-staying-on-this-device" }));
    expect(told).toHaveBeenCalledOnce();
  });
});
