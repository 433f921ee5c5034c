/** How does an account end when its person logs out? The page server ends one that an invitation made, and keeps every other. */
import type { Credentials } from "../credentials";
import { authorization } from "../credentials";

/** Ask for the end of this account. Without a network it stays; only this browser knew its password. */
export async function endAccount(base: string, credentials: Credentials): Promise<void> {
  try {
    // without "omit" the browser would open its own password window; "keepalive" outlives the page
    const wish = {
      method: "DELETE",
      credentials: "omit",
      keepalive: true,
      headers: authorization(credentials),
    } as const;
    await fetch(new URL("account", base), wish);
  } catch {
    // the account stays; nobody knows its password any more
  }
}
