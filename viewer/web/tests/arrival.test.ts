import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { arrive, isInvited } from "../src/arrival";
import { keptCount } from "../src/ui/photographs/rows";
import { redeemInvitation } from "../src/wire/invitations/invitation";

vi.mock("../src/ui/photographs/rows", () => ({ keptCount: vi.fn() }));
vi.mock("../src/wire/invitations/invitation", async (original) => ({
  ...(await original<object>()),
  redeemInvitation: vi.fn(),
}));

const BASE = "http://field.test/";
const INVITATION = `#invite=${"s".repeat(24)}`;
const guest = { user: "anna", password: "known to this browser alone", project: "chapel", isInvited: true };
const newcomer = { ...guest, user: "bela" };

/** The page is opened at this fragment, where this account is remembered. */
function opened(hash: string, account: object | null): void {
  const stored = { getItem: () => JSON.stringify(account) };
  vi.stubGlobal("window", { localStorage: stored, sessionStorage: { getItem: () => null } });
  vi.stubGlobal("location", { hash, pathname: "/", search: "" });
}

beforeEach(() => {
  vi.stubGlobal("history", {
    replaceState: () => {
      location.hash = "";
    },
  });
  vi.mocked(redeemInvitation).mockReset().mockResolvedValue(newcomer);
  vi.mocked(keptCount).mockReset().mockResolvedValue(0);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it("who is remembered comes in", async () => {
  opened("#project=chapel", guest);
  expect(await arrive(BASE)).toEqual({ credentials: guest, invitation: null, refusal: null, isAsked: false });
});

it("a newcomer comes in by the invitation, which is gone from the address", async () => {
  opened(INVITATION, guest);
  expect((await arrive(BASE)).credentials).toEqual(newcomer);
  expect([location.hash, isInvited()]).toEqual(["", false]);
});

it.each([
  [INVITATION, 1],
  [`${INVITATION}&name=ask`, 1],
  [INVITATION, null], // a busy browser does not say how many wait
])(
  "a guest whose photographs wait is asked before an invitation is redeemed: %s, %s waiting",
  async (fragment, count) => {
    vi.mocked(keptCount).mockResolvedValue(count);
    opened(fragment, guest);
    const { credentials, invitation, isAsked } = await arrive(BASE);
    expect([credentials, invitation, isAsked]).toEqual([{ ...guest, project: "" }, null, true]);
    expect(redeemInvitation).not.toHaveBeenCalled();
    expect(isInvited()).toBe(true);
  },
);

it("who has a password is not asked: the photographs wait for the next login", async () => {
  vi.mocked(keptCount).mockResolvedValue(1);
  opened(INVITATION, { ...guest, isInvited: false });
  expect((await arrive(BASE)).credentials).toEqual(newcomer);
});
