/** Is an invitation made and redeemed without sending its secret or a password, with the values that Python has? */
import { afterEach, describe, expect, it, vi } from "vitest";

import { invitationLink, readInvitation, redeemInvitation } from "../../src/wire/invitations/invitation";
import {
  MOST_USES,
  createInvitation,
  fetchInvitations,
  revokeInvitation,
} from "../../src/wire/invitations/invitations";
import * as secrets from "../../src/wire/invitations/secret";
import { goldenJson } from "../golden";

const golden = goldenJson("invitation.json") as Readonly<Record<string, string | number>>;
const value = (name: string): string => String(golden[name]);
const invitation = { secret: value("secret"), isNameAsked: false };
const ops = { user: "ops", password: "ops's own", project: "chapel" };
const BASE = "http://field.test/";

function answerWith(status: number, body: unknown): ReturnType<typeof vi.fn> {
  const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
  vi.stubGlobal("fetch", asked);
  return asked;
}

function sentBy(asked: ReturnType<typeof vi.fn>): { address: string; method: string; body: Record<string, unknown> } {
  const [address, init] = asked.mock.calls[0] as [URL | string, RequestInit];
  const body = JSON.parse((init.body as string | undefined) ?? "{}") as Record<string, unknown>;
  return { address: String(address), method: init.method ?? "", body };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("what is derived from a secret", () => {
  it("is the same as in Python", () => {
    expect(secrets.invitationId(value("secret"))).toBe(value("invitation_id"));
    expect(secrets.invitationKey(value("secret"))).toBe(value("key"));
    const salt = new TextEncoder().encode(value("salt"));
    expect(secrets.passwordHash(value("password"), salt)).toBe(value("password_hash"));
    expect(secrets.proofOf(value("key"), value("password_hash"), value("name"))).toBe(value("proof"));
    expect(secrets.sealOf(value("key"), value("answer"))).toBe(value("seal"));
    expect(MOST_USES).toBe(golden["most_uses"]);
  });

  it("begins with fresh random bits", () => {
    expect(secrets.isSecret(secrets.freshSecret())).toBe(true);
    expect(secrets.freshSecret()).not.toBe(secrets.freshSecret());
    expect(secrets.passwordHash("a")).not.toBe(secrets.passwordHash("a"));
  });
});

describe("a link", () => {
  it("comes back, with or without a name to choose", () => {
    for (const isNameAsked of [false, true]) {
      const link = invitationLink(BASE, { secret: value("secret"), isNameAsked });
      expect(readInvitation(new URL(link).hash)).toEqual({ secret: value("secret"), isNameAsked });
    }
  });

  it("is none when the fragment is something else, and is refused when it is damaged", () => {
    expect(readInvitation("")).toBeNull();
    expect(readInvitation("#join=abc")).toBeNull();
    expect(() => readInvitation("#invite=short")).toThrow("damaged");
  });
});

describe("redeeming", () => {
  it("sends the hash of a password that the browser makes, and proves that it has the link", async () => {
    const asked = answerWith(200, { answer: value("answer"), seal: value("seal") });
    const { password, ...account } = await redeemInvitation(invitation, "anna");
    expect(account).toEqual({ user: "anna", project: "chapel", isInvited: true });
    const { address, body, method } = sentBy(asked);
    expect([method, address]).toEqual(["POST", `invitations/${value("invitation_id")}`]);
    const hash = String(body["password_hash"]);
    const salt = Uint8Array.from(atob(hash.split("$")[3] ?? ""), (letter) => letter.charCodeAt(0));
    expect(secrets.passwordHash(password, salt)).toBe(hash);
    expect(body["proof"]).toBe(secrets.proofOf(value("key"), hash, "anna"));
    const sent = JSON.stringify(asked.mock.calls);
    for (const secret of [value("secret"), value("key"), password]) expect(sent).not.toContain(secret);
  });

  it.each([
    ["another server's answer", 200, { answer: '{"user":"eve"}', seal: value("seal") }, "does not come from"],
    ["a refusal", 403, { code: "bad_invitation", reason: "this invitation is used up" }, "This invitation is used up."],
    ["a name of another", 403, { code: "name_taken", reason: "the name 'anna' is taken" }, "is taken"],
    ["another program", 404, "nothing", "does not know invitations"],
    ["nonsense", 200, { answer: 7 }, "expected"],
  ])("says %s in words", async (_name, status, body, said) => {
    answerWith(status, body);
    await expect(redeemInvitation(invitation)).rejects.toThrow(said);
  });
});

describe("inviting", () => {
  it("sends number and key, never the secret", async () => {
    const asked = answerWith(200, { invitation_id: "x" });
    const wishes = { role: "viewer", name: null, lastsS: 3600, uses: 3 } as const;
    const made = await createInvitation(BASE, ops, wishes);
    const { address, body, method } = sentBy(asked);
    expect([method, address]).toEqual(["POST", `${BASE}projects/chapel/invitations`]);
    expect(body).toEqual({
      invitation_id: secrets.invitationId(made.secret),
      key: secrets.invitationKey(made.secret),
      role: "viewer",
      name: null,
      lasts_s: 3600,
      uses: 3,
    });
    expect(made.isNameAsked).toBe(true);
    expect(JSON.stringify(asked.mock.calls)).not.toContain(made.secret);
  });

  it("lists what is open, and takes one back", async () => {
    const row = { invitation_id: "a1", name: null, role: "viewer", expires_at: "2026-11-28T10:00:00Z", uses: 2 };
    answerWith(200, { can_invite: true, invitations: [{ ...row, used_count: 1, made_by: "ops" }] });
    expect(await fetchInvitations(BASE, ops)).toEqual({ can_invite: true, invitations: [{ ...row, used_count: 1 }] });
    const asked = answerWith(200, { invitation_id: "a1" });
    await revokeInvitation(BASE, ops, "a1");
    expect(sentBy(asked)).toMatchObject({ method: "DELETE", address: `${BASE}projects/chapel/invitations/a1` });
  });

  it.each([
    [401, "", "not valid"],
    [403, { code: "not_operator", reason: "only an operator of 'chapel' invites" }, "Only an operator"],
  ])("says refusal %s in words", async (status, body, said) => {
    answerWith(status, body);
    await expect(fetchInvitations(BASE, ops)).rejects.toThrow(said);
  });
});
