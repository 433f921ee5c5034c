/**
 * How does an invited person come in? The link `#invite=SECRET` is redeemed at the page server.
 *
 * The secret is not sent: a number derived from it finds the invitation, the answer carries an HMAC (RFC 2104) made with
 * it, and both sides derive the password from it (`broker/accounts/invitation_secret.py`). So this is safe over http.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { WireError } from "./errors";
import { object, text } from "./fields";
import type { Credentials } from "./join";

const SECRET = /^[A-Za-z0-9_-]{24}$/;
const MAX_ANSWER = 64 * 1024;
const answered = object<{ answer: string; seal: string }>({ answer: text(MAX_ANSWER), seal: text(64) });
const joined = object<{ user: string; role: string; project: string }>({
  user: text(64),
  role: text(32),
  project: text(64),
});
const refused = object<{ reason: string }>({ reason: text() });

/** The secret of a fragment `#invite=…`; null without one. Throws `bad_invitation` when it is damaged. */
export function readInvitation(fragment: string): string | null {
  const secret = new URLSearchParams(fragment.replace(/^#/, "")).get("invite");
  if (secret === null) return null;
  if (!SECRET.test(secret)) {
    throw new WireError("bad_invitation", "This invitation is damaged. Ask for a new one, or log in.");
  }
  return secret;
}

/** Redeem an invitation for an account. Throws `bad_invitation` with the server's reason. */
export async function redeemInvitation(secret: string): Promise<Credentials> {
  const id = derived(secret, "id").slice(0, 32);
  const response = await fetch(`invitations/${id}`, { method: "POST", cache: "no-store" });
  const body = (await response.json()) as unknown;
  if (!response.ok) throw new WireError("bad_invitation", refused(body, "").reason);
  const { answer, seal } = answered(body, "");
  if (derived(secret, `answer ${answer}`) !== seal) {
    throw new WireError("bad_invitation", "The answer does not come from the server that made this invitation.");
  }
  const { user, role, project } = joined(JSON.parse(answer) as unknown, "");
  if (role === "agent") {
    throw new WireError(
      "bad_invitation",
      "This invitation is for a rig. Type `cairn edge join` and the link on the rig.",
    );
  }
  return { user, password: derived(secret, `password ${user}`), project };
}

function derived(secret: string, what: string): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(secret), utf8ToBytes(what)));
}
