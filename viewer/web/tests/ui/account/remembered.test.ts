import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { remember, rememberFrom, remembered } from "../../../src/remembered";

const guest = { user: "anna", password: "known to this browser alone", project: "chapel", isInvited: true };

beforeEach(() => {
  const store = (): object => {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    };
  };
  vi.stubGlobal("window", { localStorage: store(), sessionStorage: store() });
  remember(guest, true);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it("an account that only waits, or that another invitation did not replace, stays remembered", () => {
  rememberFrom({ credentials: null, isStaying: true, isForgotten: false });
  expect(remembered()).toEqual(guest);
});

it("an account that was logged out is forgotten", () => {
  rememberFrom({ credentials: null, isStaying: true, isForgotten: true });
  expect(remembered()).toBeNull();
});

it("the account that comes in takes the place of the one before", () => {
  rememberFrom({ credentials: { ...guest, user: "bela" }, isStaying: false, isForgotten: false });
  expect(remembered()?.user).toBe("bela");
});
