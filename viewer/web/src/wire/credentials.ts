/** Who logs in? An account of the broker: over MQTT as it is, over HTTP as the Basic scheme (RFC 7617). */
import { flag, object, orElse, text } from "./fields";

/** The account that connects, and its project; empty before one is chosen. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly project: string;
  /** Whether an invitation made the account: then it ends when its person logs out. */
  readonly isInvited?: boolean;
}

export const checkCredentials = object<Credentials>({
  user: text(64),
  password: text(1024),
  project: text(64),
  isInvited: orElse(flag, false),
});

/** The headers of a request to the page server. */
export function authorization({ password, user }: Credentials): Readonly<Record<string, string>> {
  const proof = new TextEncoder().encode(`${user}:${password}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...proof))}` };
}
