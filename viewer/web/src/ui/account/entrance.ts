/** When does the login form come back? After a refusal; after a login that has to wait only when it was just typed. */
import type { ProjectState } from "../../scene/state";

export interface Refusal {
  readonly key: "login.refused" | "login.held_back";
  /** Whether the account is wrong, so that the page forgets it. */
  readonly isForgotten: boolean;
}

/** Why the login form is shown again; null: it is not. `isTyped`: the password came from the form and was never accepted. */
export function refusalOf({ link, scene }: ProjectState, isTyped: boolean): Refusal | null {
  if (scene.shown) return null;
  if (link.kind === "refused") return { key: "login.refused", isForgotten: link.isLoginWrong };
  // A remembered password was right before, and may be nowhere else: the connection tries it again by itself.
  const isWaiting = link.kind === "lost" && link.isHeldBack;
  return isWaiting && isTyped ? { key: "login.held_back", isForgotten: false } : null;
}
