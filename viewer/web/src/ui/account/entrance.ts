/**
 * Who may enter, and who may invite? The login form comes back after a refusal, and after a login that has to wait only
 * when it was just typed.
 */
import type { ProjectState } from "../../scene/state";
import type { PageConfig } from "../../wire/config";
import type { Credentials } from "../../wire/credentials";
import { fetchInvitations } from "../../wire/invitations/invitations";
import { t } from "../language/t";

export interface Refusal {
  readonly words: string;
  /** Whether the page forgets the account: it is wrong, or was never right as far as the page knows. */
  readonly isForgotten: boolean;
}

/** Why the login form is shown again; null: it is not. `isTyped`: the password came from the form and was never accepted. */
export function refusalOf({ link, scene }: ProjectState, isTyped: boolean): Refusal | null {
  if (scene.shown) return null;
  if (link.kind === "refused")
    return { words: link.isLoginWrong ? t("login.refused") : link.reason, isForgotten: link.isLoginWrong };
  // A remembered password was right before, and may be nowhere else: the connection tries it again by itself.
  const isWaiting = link.kind === "lost" && link.isHeldBack;
  return isWaiting && isTyped ? { words: t("login.held_back"), isForgotten: true } : null;
}

/** Whether this account may make invitations. False where the page server has none, or does not answer. */
export async function mayInvite(config: PageConfig, credentials: Credentials): Promise<boolean> {
  if (!config.has_invitations) return false;
  return await fetchInvitations(config.base, credentials).then(
    ({ can_invite: canInvite }) => canInvite,
    () => false,
  );
}
