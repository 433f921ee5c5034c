/** How does the page start? It fetches its settings, redeems the invitation in the address and shows the project. */
import "./page.css";
import type { CairnViewer } from "./ui/cairn-viewer";
import "./ui/cairn-viewer";
import { onLanguage, preferredLanguage, speech, useLanguage } from "./ui/language/language";
import { errorWords, t } from "./ui/language/t";
import { titleOf } from "./ui/summary";
import { Throttle } from "./ui/throttle";
import { isStaying, loggingOut, rememberFrom, remembered } from "./remembered";
import { keepShell } from "./shell";
import { placeFragment, readPlace } from "./wire/address";
import type { PageConfig } from "./wire/config";
import { fetchConfig, firstProject } from "./wire/config";
import type { Credentials } from "./wire/credentials";
import { WireError } from "./wire/errors";
import type { Invitation } from "./wire/invitations/invitation";
import { readInvitation, redeemInvitation } from "./wire/invitations/invitation";

const RETRY_MS = 3000;
const ADDRESS_EVERY_MS = 500;

interface Arrival {
  readonly credentials: Credentials | null;
  readonly invitation: Invitation | null;
  readonly refusal: string | null;
}

/** Remove an invitation from the address bar and the history: it is a secret, and a reload must not use it again. */
function dropFragment(): void {
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
}

async function arrive(): Promise<Arrival> {
  const nobody: Arrival = { credentials: null, invitation: null, refusal: null };
  try {
    const invitation = readInvitation(location.hash);
    if (invitation === null) return { ...nobody, credentials: remembered() };
    if (invitation.isNameAsked) return { ...nobody, invitation };
    const credentials = await redeemInvitation(invitation);
    dropFragment();
    return { ...nobody, credentials };
  } catch (thrown) {
    if (!(thrown instanceof WireError && thrown.code === "unreachable")) dropFragment();
    return { ...nobody, refusal: errorWords(thrown) };
  }
}

async function settings(): Promise<PageConfig> {
  for (;;) {
    try {
      return await fetchConfig(document.baseURI);
    } catch {
      document.body.dataset["waiting"] = t("page.no_answer");
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Keep the address up to date with what is seen: a reload, or another person, comes to the same place. */
function followPlace(viewer: CairnViewer): void {
  const throttle = new Throttle<null>(() => {
    const { placeNow: place } = viewer;
    if (!place) return;
    document.title = titleOf(place.project, viewer.project?.reconstructor?.title);
    history.replaceState(null, "", location.pathname + location.search + placeFragment(place));
  }, ADDRESS_EVERY_MS);
  viewer.addEventListener("place", () => {
    // a project is in the address at once, so that its link can be shared
    if (viewer.placeNow) throttle.news(null);
  });
}

async function begin(page: Element): Promise<void> {
  const config = await settings();
  const place = readPlace(location.hash);
  const { credentials, invitation, refusal } = await arrive();
  delete document.body.dataset["waiting"];
  const viewer = document.createElement("cairn-viewer");
  viewer.config = config;
  viewer.refusal = refusal;
  viewer.invitation = invitation;
  viewer.place = place;
  viewer.first = place?.project ?? firstProject(location.search, config.projects);
  const guest = config.needs_login ? null : { user: "guest", password: "", project: viewer.first };
  const account = credentials ?? guest;
  viewer.credentials = account && place ? { ...account, project: place.project } : account;
  followPlace(viewer);
  if (config.needs_login) {
    viewer.isStaying = isStaying();
    const tellOthers = loggingOut((user) => {
      if (viewer.credentials?.user === user) viewer.closeAccount(null, true);
    });
    viewer.addEventListener("logout", ({ detail }: CustomEventInit<string>) => {
      if (detail !== undefined) tellOthers(detail);
    });
    viewer.addEventListener("credentials", () => {
      rememberFrom(viewer);
    });
  }
  for (const kind of ["login", "refused"]) viewer.addEventListener(kind, dropFragment);
  page.replaceChildren(viewer);
  void keepShell();
}

onLanguage(() => {
  document.documentElement.lang = speech().language;
});
await useLanguage(preferredLanguage());
const page = document.querySelector("#page");
if (page === null) throw new Error("index.html has no #page");
await begin(page);
