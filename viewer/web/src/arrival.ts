/** Who comes into the page? The account that this browser remembers, or the guest of the invitation in the address. */
import { errorWords } from "./ui/language/t";
import { keptCount } from "./ui/photographs/rows";
import { remembered } from "./remembered";
import type { Credentials } from "./wire/credentials";
import { WireError } from "./wire/errors";
import type { Invitation } from "./wire/invitations/invitation";
import { readInvitation, redeemInvitation } from "./wire/invitations/invitation";

export interface Arrival {
  readonly credentials: Credentials | null;
  readonly invitation: Invitation | null;
  readonly refusal: string | null;
  /** Whether the guest before is asked about photographs that wait; the invitation stays in the address until then. */
  readonly isAsked: boolean;
}

/** Remove an invitation from the address bar and the history: it is a secret, and a reload must not use it again. */
export function dropFragment(): void {
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
}

/** Whether an invitation is in the address. */
export function isInvited(fragment = location.hash): boolean {
  return fragment.includes("invite=");
}

/** `base`: the address of the page server. */
export async function arrive(base: string): Promise<Arrival> {
  const nobody: Arrival = { credentials: null, invitation: null, refusal: null, isAsked: false };
  try {
    const invitation = readInvitation(location.hash);
    const before = remembered();
    if (invitation === null) return { ...nobody, credentials: before };
    // Only this browser knows the password of an invited guest: without it nobody sends what waits, or what may wait.
    if (before?.isInvited && (await keptCount(before.user, base)) !== 0)
      return { ...nobody, credentials: { ...before, project: "" }, isAsked: true };
    if (invitation.isNameAsked) return { ...nobody, invitation };
    const credentials = await redeemInvitation(invitation);
    dropFragment();
    return { ...nobody, credentials };
  } catch (thrown) {
    if (!(thrown instanceof WireError && thrown.code === "unreachable")) dropFragment();
    return { ...nobody, refusal: errorWords(thrown) };
  }
}
