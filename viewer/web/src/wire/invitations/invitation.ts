/**
 * How does an invited person come in? The link `#invite=SECRET` is redeemed at the page server.
 *
 * The browser makes the password and sends its hash, with a proof made from the secret. So this is safe over http, and a
 * link that was used lets nobody in.
 */
import type { Credentials } from "../credentials";
import { WireError } from "../errors";
import { object, text } from "../fields";
import { freshPassword, invitationId, invitationKey, isSecret, passwordHash, proofOf, sealOf } from "./secret";

/** What a link says. */
export interface Invitation {
  readonly secret: string;
  /** Whether the guest chooses the name of the account. */
  readonly isNameAsked: boolean;
}

const MAX_ANSWER = 64 * 1024;
const answered = object<{ answer: string; seal: string }>({ answer: text(MAX_ANSWER), seal: text(64) });
const joined = object<{ user: string; project: string }>({ user: text(64), project: text(64) });
const refused = object<{ code: string; reason: string }>({ code: text(64), reason: text() });

/** The invitation in a fragment; null without one. Throws `bad_invitation` when it is damaged. */
export function readInvitation(fragment: string): Invitation | null {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const secret = parts.get("invite");
  if (secret === null) return null;
  if (!isSecret(secret)) {
    throw new WireError("bad_invitation", "This invitation is damaged. Copy the whole link, or ask for a new one.");
  }
  return { secret, isNameAsked: parts.get("name") === "ask" };
}

/** The address that an invited person opens. */
export function invitationLink(page: string, { isNameAsked, secret }: Invitation): string {
  return `${page}#invite=${secret}${isNameAsked ? "&name=ask" : ""}`;
}

/**
 * Redeem an invitation for an account.
 *
 * Throws `name_taken` when the guest must choose another name, `unreachable` without a server, and `bad_invitation` with
 * the server's reason.
 */
export async function redeemInvitation({ secret }: Invitation, name = ""): Promise<Credentials> {
  const key = invitationKey(secret);
  const password = freshPassword();
  const hash = passwordHash(password);
  const body = await post(`invitations/${invitationId(secret)}`, {
    password_hash: hash,
    proof: proofOf(key, hash, name),
    name,
  });
  const { answer, seal } = answered(body, "");
  if (sealOf(key, answer) !== seal) {
    throw new WireError("bad_invitation", "The answer does not come from the server that made this invitation.");
  }
  const { project, user } = joined(JSON.parse(answer) as unknown, "");
  return { user, password, project, isInvited: true };
}

async function post(address: string, wish: object): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address, {
      method: "POST",
      cache: "no-store",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wish),
    });
  } catch {
    throw new WireError("unreachable", "The server does not answer. Load the page again to try once more.");
  }
  if (response.ok) return await response.json();
  throw await refusalOf(response);
}

/** The error of a refused request about invitations, with the server's reason as a sentence. */
export async function refusalOf(response: Response): Promise<WireError> {
  try {
    const { code, reason } = refused(await response.json(), "");
    const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
    return new WireError(code === "name_taken" || code === "not_operator" ? code : "bad_invitation", sentence);
  } catch {
    return new WireError("bad_invitation", "The server does not know invitations.");
  }
}
