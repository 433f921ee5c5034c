/** How does the page start? It fetches its settings, reads the join link in the address and shows the project. */
import "./page.css";
import "./ui/cairn-viewer";
import { decodeConfig } from "./wire/config";
import { sentenceOf } from "./wire/errors";
import type { Credentials } from "./wire/join";
import { readJoinLink } from "./wire/join";
import { readInvitation, redeemInvitation } from "./wire/invitation";

const RETRY_MS = 3000;

interface Joining {
  readonly credentials: Credentials | null;
  readonly refusal: string | null;
}

/** Redeem the invitation or read the join link, and remove it from the address bar and the history: it is a secret. */
async function takeLink(): Promise<Joining> {
  const fragment = location.hash;
  if (fragment !== "") history.replaceState(null, "", location.pathname + location.search);
  try {
    const secret = readInvitation(fragment);
    return { credentials: secret === null ? readJoinLink(fragment) : await redeemInvitation(secret), refusal: null };
  } catch (thrown) {
    return { credentials: null, refusal: sentenceOf(thrown) };
  }
}

async function fetchConfig(): Promise<unknown> {
  for (;;) {
    try {
      const answer = await fetch("config.json", { cache: "no-store" });
      if (answer.ok) return await answer.json();
    } catch {
      // The server is not reachable yet. The text below says so, and the loop tries again.
    }
    document.body.dataset["waiting"] = "The page server does not answer. Trying again …";
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function begin(page: Element): Promise<void> {
  const config = decodeConfig(await fetchConfig());
  const { credentials, refusal } = await takeLink();
  delete document.body.dataset["waiting"];
  const viewer = document.createElement("cairn-viewer");
  viewer.config = config;
  viewer.refusal = refusal;
  viewer.isInvited = credentials !== null;
  const [only = ""] = config.projects.length === 1 ? config.projects : [];
  viewer.credentials = credentials ?? (config.needs_login ? null : { user: "guest", password: "", project: only });
  page.replaceChildren(viewer);
}

const page = document.querySelector("#page");
if (page === null) throw new Error("index.html has no #page");
await begin(page);
