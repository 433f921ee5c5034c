/** What survives a reload of the page? The account of this tab, in `sessionStorage`, which ends with the tab. */
import type { Credentials } from "./wire/credentials";
import { checkCredentials } from "./wire/credentials";

const KEY = "cairn.account";

/** The account of this tab; null without one, or where the browser stores nothing. */
export function remembered(): Credentials | null {
  try {
    return checkCredentials(JSON.parse(sessionStorage.getItem(KEY) ?? "null") as unknown, "");
  } catch {
    return null;
  }
}

/** Keep the account until the tab is closed; null forgets it. */
export function remember(credentials: Credentials | null): void {
  try {
    if (credentials) sessionStorage.setItem(KEY, JSON.stringify(credentials));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that blocks storage asks for the login after a reload.
  }
}
