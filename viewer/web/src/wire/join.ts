/** What does a join link carry? `#join=<base64url of JSON {"user", "password", "project"}>`. */
import { WireError } from "./errors";
import { object, text } from "./fields";

/** The account that connects, and its project. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly project: string;
}

const MAX_FRAGMENT = 4096;
const credentials = object<Credentials>({ user: text(64), password: text(1024), project: text(64) });

/** Read the credentials of a fragment `#join=…`; null without one. Throws `bad_join_link` when it is damaged. */
export function readJoinLink(fragment: string): Credentials | null {
  const coded = new URLSearchParams(fragment.replace(/^#/, "")).get("join");
  if (coded === null) return null;
  try {
    if (coded.length > MAX_FRAGMENT) throw new RangeError("too long");
    const binary = atob(coded.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    return credentials(JSON.parse(new TextDecoder().decode(bytes)) as unknown, "");
  } catch {
    throw new WireError("bad_join_link", "This join link is damaged. Ask for a new one, or log in.");
  }
}

/** Write the fragment that `readJoinLink` reads. */
export function writeJoinLink(given: Credentials): string {
  const bytes = new TextEncoder().encode(JSON.stringify(given));
  const coded = btoa(String.fromCharCode(...bytes));
  return `#join=${coded.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}
