/** Is an invitation redeemed without sending its secret, and is an answer of anybody else refused? */
import { afterEach, expect, test, vi } from "vitest";
import { readInvitation, redeemInvitation } from "../../src/wire/invitation";

// Made by broker/accounts/invitation_secret.py; tests/unit/broker/accounts/test_invitations.py has the same.
const SECRET = "AAAAAAAAAAAAAAAAAAAAAAAA";
const ANSWER = '{"user":"anna","role":"contributor","project":"chapel"}';
const ID = "94a3923042606714c077c932994bf8ad";
const SEAL = "63195af12f0ef983f0b90521db0f1d952b8b10d23cb83cc2e5431ad09de6504f";
const PASSWORD = "7bef29b88ad8befb07c5ba4e5b2f87c7044af4dec48fe6e70b041fb182108ee9";

function answerWith(status: number, body: unknown): ReturnType<typeof vi.fn> {
  const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
  vi.stubGlobal("fetch", asked);
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a fragment without an invitation is none, a damaged one is refused", () => {
  expect(readInvitation("")).toBeNull();
  expect(readInvitation("#join=abc")).toBeNull();
  expect(readInvitation(`#invite=${SECRET}`)).toBe(SECRET);
  expect(() => readInvitation("#invite=short")).toThrow("damaged");
});

test("the account comes from the secret, which is not sent", async () => {
  const asked = answerWith(200, { answer: ANSWER, seal: SEAL });
  expect(await redeemInvitation(SECRET)).toEqual({ user: "anna", password: PASSWORD, project: "chapel" });
  expect(asked).toHaveBeenCalledWith(`invitations/${ID}`, expect.objectContaining({ method: "POST" }));
  expect(JSON.stringify(asked.mock.calls)).not.toContain(SECRET);
});

test.each([
  ["another server's answer", 200, { answer: ANSWER.replace("anna", "eve"), seal: SEAL }, "does not come from"],
  ["a refusal", 403, { code: "bad_invitation", reason: "this invitation is used up: ask for a new one" }, "used up"],
  ["nonsense", 200, { answer: 7 }, "expected"],
])("%s is refused in words", async (_name, status, body, said) => {
  answerWith(status, body);
  await expect(redeemInvitation(SECRET)).rejects.toThrow(said);
});
