/**
 * How does the page open while the server is away? From a cache, where the origin is secure.
 *
 * The document and the settings come from the network first; the built files carry a digest in their names and never
 * change. Nothing of a project is kept here: points, photographs and accounts are not requests of this kind. What the
 * login page of a network answers in place of the server (a captive portal) is shown, but never kept.
 */
const CACHE = "cairn-shell-1";
/** Longer nobody waits for a weak network while an older document is at hand. */
const PATIENCE_MS = 4000;
const MOST_FILES = 200;
/** A line of index.html. */
const MARK = '<meta name="generator" content="cairn"';

const scope = new URL("./", self.location.href);
const DOCUMENT = scope.href;
const SETTINGS = new URL("config.json", scope).href;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(Promise.all([DOCUMENT, SETTINGS].map(install)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

/** The page names the files that it loaded before this worker was there. */
self.addEventListener("message", (event) => {
  const urls = Array.isArray(event.data) ? event.data.slice(0, MOST_FILES) : [];
  event.waitUntil(Promise.all(urls.filter((url) => typeof url === "string" && isFile(url)).map((url) => file(url))));
});

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== scope.origin) return;
  if (mode === "navigate" && pathname === scope.pathname) event.respondWith(fresh(event.request, DOCUMENT));
  else if (pathname === new URL(SETTINGS).pathname) event.respondWith(fresh(event.request, SETTINGS));
  else if (isFile(url)) event.respondWith(file(url));
});

function isFile(url) {
  return url.startsWith(new URL("assets/", scope).href);
}

/** Keep the newest answer. Without one the worker is not installed; the page registers it again at the next visit. */
async function install(key) {
  const cache = await caches.open(CACHE);
  const response = await fetch(key, { cache: "no-cache" });
  if (!(await isOurs(response, key))) throw new Error(`${key} does not come from a page server`);
  await replace(cache, key, await cache.match(key), response);
}

/** Whether the page server answered, and nobody between. */
async function isOurs(response, key) {
  const { headers, redirected, status, type } = response;
  if (status !== 200 || redirected || type !== "basic") return false;
  const kind = headers.get("content-type") ?? "";
  if (key === DOCUMENT) return kind.startsWith("text/html") && (await response.clone().text()).includes(MARK);
  return key === SETTINGS ? kind.startsWith("application/json") : !kind.startsWith("text/html");
}

/** The answer of the network, else the one before. */
async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  const before = await cache.match(key);
  const asked = fetch(request).then(async (response) => {
    if (await isOurs(response, key)) await replace(cache, key, before?.clone(), response.clone());
    else if (before && (key !== DOCUMENT || response.status >= 500)) return before.clone();
    return response; // also a login page: the visitor must get through it
  });
  if (!before) return asked;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, before.clone()));
  return Promise.race([asked.catch(() => before.clone()), late]);
}

/** Keep an answer; another document makes the files of the one before useless. */
async function replace(cache, key, before, now) {
  if (key === DOCUMENT && before && (await before.text()) !== (await now.clone().text()))
    for (const request of await cache.keys()) if (isFile(request.url)) await cache.delete(request);
  await cache.put(key, now);
}

async function file(url) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(url);
  if (kept) return kept;
  const response = await fetch(url);
  if (await isOurs(response, url)) await cache.put(url, response.clone());
  return response;
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith("cairn-") && name !== CACHE).map((name) => caches.delete(name)),
  );
}
