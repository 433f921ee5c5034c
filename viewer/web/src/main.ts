/** How does the page start? It fetches its settings, redeems the invitation in the address and shows the project. */
import "./page.css";
import "./ui/cairn-viewer";
import { onLanguage, preferredLanguage, speech, useLanguage } from "./ui/language/language";
import { t } from "./ui/language/t";
import { arrive, dropFragment, isInvited } from "./arrival";
import { followPlace } from "./place";
import { isStaying, loggingOut, onStayingElsewhere, remembering } from "./remembered";
import { keepShell } from "./shell";
import { readPlace } from "./wire/address";
import type { PageConfig } from "./wire/config";
import { fetchConfig, firstProject } from "./wire/config";

const RETRY_MS = 3000;

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

async function begin(page: Element): Promise<void> {
  const config = await settings();
  const place = readPlace(location.hash);
  const { credentials, invitation, isAsked, refusal } = await arrive(config.base);
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
    viewer.isStaying = isStaying(credentials?.user);
    const remember = remembering(viewer);
    onStayingElsewhere(() => {
      if (viewer.credentials) viewer.isStaying = isStaying(viewer.credentials.user);
    });
    const tellOthers = loggingOut((user) => {
      if (viewer.credentials?.user === user) viewer.closeAccount(null, true);
    });
    viewer.addEventListener("logout", ({ detail }: CustomEventInit<string>) => {
      if (detail !== undefined) tellOthers(detail);
      if (isInvited()) location.reload(); // the guest before is gone: now the invitation is redeemed
    });
    viewer.addEventListener("credentials", remember);
  }
  for (const kind of ["login", "refused"]) viewer.addEventListener(kind, dropFragment);
  page.replaceChildren(viewer);
  await viewer.updateComplete;
  if (isAsked) void viewer.leaving.logOut();
  void keepShell();
}

onLanguage(() => {
  document.documentElement.lang = speech().language;
});
await useLanguage(preferredLanguage());
const page = document.querySelector("#page");
if (page === null) throw new Error("index.html has no #page");
await begin(page);
