/**
 * How does the page open while the server is away? From a cache, where the origin is secure.
 *
 * The document and the settings come from the network first; the built files carry a digest in their names and never
 * change. Nothing of a project is kept here: points, photographs and accounts are not requests of this kind.
 */
const CACHE = "cairn-shell-1";
/** Longer nobody waits for a weak network while an older document is at hand. */
const PATIENCE_MS = 4000;
const MOST_FILES = 200;

const scope = new URL("./", self.location.href);
const DOCUMENT = scope.href;
const SETTINGS = new URL("config.json", scope).href;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([DOCUMENT, SETTINGS])));
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

/** The answer of the network, else the one before. */
async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  const before = await cache.match(key);
  const asked = fetch(request).then(async (response) => {
    if (response.ok) await replace(cache, key, before?.clone(), response.clone());
    return response;
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
  if (response.ok) await cache.put(url, response.clone());
  return response;
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith("cairn-") && name !== CACHE).map((name) => caches.delete(name)),
  );
}
