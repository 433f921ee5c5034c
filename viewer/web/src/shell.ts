/** Does the page open while the server is away? On a secure origin, a service worker keeps its files. */

/** Register `public/service-worker.js` and name each file to it: before it takes over, and for workers, it sees no request. */
export async function keepShell(): Promise<void> {
  if (!("serviceWorker" in navigator)) return; // over plain http
  try {
    await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
    const registration = await navigator.serviceWorker.ready;
    const files = new URL("assets/", document.baseURI).href;
    const observer = new PerformanceObserver((list) => {
      // Not the shards, of which there are many: each message wakes the worker up.
      const names = list.getEntries().flatMap(({ name }) => (name.startsWith(files) ? name : []));
      if (names.length > 0) registration.active?.postMessage(names);
    });
    observer.observe({ type: "resource", buffered: true });
  } catch {
    // The certificate is not trusted, or the browser stores nothing: the page needs the server at every start.
  }
}
