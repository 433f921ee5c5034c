/** How does an operator invite? The page makes the secret; the server gets its number and its key, and lists what is open. */
import type { Credentials } from "../credentials";
import { authorization } from "../credentials";
import { WireError } from "../errors";
import { flag, list, nullable, object, text, whole } from "../fields";
import type { Invitation } from "./invitation";
import { refusalOf } from "./invitation";
import { freshSecret, invitationId, invitationKey } from "./secret";

export type InvitedRole = "viewer" | "contributor";

export interface InvitationWishes {
  readonly role: InvitedRole;
  /** The account's name; null when each guest chooses one. */
  readonly name: string | null;
  readonly lastsS: number;
  readonly uses: number;
}

/** An invitation that can still be used. */
export interface OpenInvitation {
  readonly invitation_id: string;
  readonly name: string | null;
  readonly role: string;
  readonly expires_at: string;
  readonly uses: number;
  readonly used_count: number;
}

export interface InvitationList {
  readonly can_invite: boolean;
  readonly invitations: readonly OpenInvitation[];
}

const MOST_LISTED = 200;
/** By one invitation; the keeper of accounts refuses more (`broker/accounts/keeper_requests.py`). */
export const MOST_USES = 50;

const listed = object<InvitationList>({
  can_invite: flag,
  invitations: list(
    object<OpenInvitation>({
      invitation_id: text(64),
      name: nullable(text(64)),
      role: text(32),
      expires_at: text(64),
      uses: whole(1),
      used_count: whole(),
    }),
    MOST_LISTED,
  ),
});

/** Whether this account may invite to its project, and which invitations are open. */
export async function fetchInvitations(base: string, credentials: Credentials): Promise<InvitationList> {
  return listed(await ask(base, credentials, "GET", ""), "");
}

/** Make an invitation. Throws like `fetchInvitations`, and `bad_invitation` with the server's reason. */
export async function createInvitation(
  base: string,
  credentials: Credentials,
  { lastsS, name, role, uses }: InvitationWishes,
): Promise<Invitation> {
  const secret = freshSecret();
  await ask(base, credentials, "POST", "", {
    invitation_id: invitationId(secret),
    key: invitationKey(secret),
    role,
    name,
    lasts_s: lastsS,
    uses,
  });
  return { secret, isNameAsked: name === null };
}

/** Take an invitation back. */
export async function revokeInvitation(base: string, credentials: Credentials, id: string): Promise<void> {
  await ask(base, credentials, "DELETE", `/${id}`);
}

async function ask(
  base: string,
  credentials: Credentials,
  method: string,
  path: string,
  wish?: object,
): Promise<unknown> {
  let response: Response;
  try {
    // without "omit" the browser would open its own password window
    response = await fetch(new URL(`projects/${credentials.project}/invitations${path}`, base), {
      method,
      cache: "no-store",
      credentials: "omit",
      headers: { ...authorization(credentials), "Content-Type": "application/json" },
      ...(wish ? { body: JSON.stringify(wish) } : {}),
    });
  } catch {
    throw new WireError("unreachable", "The page server does not answer.");
  }
  if (response.ok) return await response.json();
  if (response.status === 401) throw new WireError("not_allowed", "Your name or your password is not valid any more.");
  throw await refusalOf(response);
}
