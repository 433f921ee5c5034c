/**
 * What survives a reload of the page? The account of this tab, in `sessionStorage`, which ends with the tab.
 *
 * Who says "stay logged in on this device" has it in `localStorage`, too: it survives a tab that the system kills.
 */
import type { Credentials } from "./wire/credentials";
import { checkCredentials } from "./wire/credentials";

const KEY = "cairn.account";
const LOGOUT_CHANNEL = "cairn.logout";
const STAYING_KEY = "cairn.account-staying-on-this-device";

/** The account of this tab, else the one that stays on this device; null without one, or where the browser stores nothing. */
export function remembered(): Credentials | null {
  return storedIn("sessionStorage", KEY) ?? storedIn("localStorage", STAYING_KEY);
}

/** Whether the account of this name stays on this device. */
export function isStaying(user: string | undefined): boolean {
  return user !== undefined && stayingUser() === user;
}

/** Call `onChange` when another tab changed which account stays on this device. */
export function onStayingElsewhere(onChange: () => void): void {
  window.addEventListener("storage", ({ key }) => {
    if (key === STAYING_KEY || key === null) onChange();
  });
}

/** Who is in the page. */
export interface Visitor {
  readonly credentials: Credentials | null;
  readonly isStaying: boolean | null;
  /** Whether the account that was closed is not to be used again. */
  readonly isForgotten: boolean;
}

/**
 * Gives a function that keeps what changed: the account until the tab is closed, and after that if it stays on this device.
 *
 * An account that was closed is forgotten only when it is not to be used again. Another account that stays is replaced
 * only by a login or a tick in this tab, and never removed.
 */
export function remembering(visitor: Visitor): () => void {
  let before = { user: visitor.credentials?.user, stays: visitor.isStaying };
  return () => {
    const { credentials, isForgotten, isStaying: stays } = visitor;
    const now = { user: credentials?.user, stays };
    if (credentials || isForgotten) {
      const isChosen = now.user !== before.user || now.stays !== before.stays;
      const isOwn = stayingUser() === (now.user ?? before.user);
      store("sessionStorage", KEY, credentials);
      if (credentials && stays && (isOwn || isChosen)) store("localStorage", STAYING_KEY, credentials);
      else if (isOwn && (!credentials || isChosen)) store("localStorage", STAYING_KEY, null);
    }
    before = now;
  };
}

/** Tell the other tabs that this person logged out; `onLogout` is called with the name when another tab says so. */
export function loggingOut(onLogout: (user: string) => void): (user: string) => void {
  const channel = new BroadcastChannel(LOGOUT_CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") onLogout(data);
  };
  return (user) => {
    channel.postMessage(user);
  };
}

function stayingUser(): string | undefined {
  return storedIn("localStorage", STAYING_KEY)?.user;
}

type Place = "localStorage" | "sessionStorage";

function storedIn(place: Place, key: string): Credentials | null {
  try {
    return checkCredentials(JSON.parse(window[place].getItem(key) ?? "null") as unknown, "");
  } catch {
    return null;
  }
}

function store(place: Place, key: string, credentials: Credentials | null): void {
  try {
    if (credentials) window[place].setItem(key, JSON.stringify(credentials));
    else window[place].removeItem(key);
  } catch {
    // A browser that blocks storage asks for the login after a reload.
  }
}
