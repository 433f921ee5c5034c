/** Does the page open while the server is away? On a secure origin, a service worker keeps its files. */

/** Register `public/service-worker.js` and name the files that were loaded before it was there. */
export async function keepShell(): Promise<void> {
  if (!("serviceWorker" in navigator)) return; // over plain http
  try {
    await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage(performance.getEntriesByType("resource").map(({ name }) => name));
  } catch {
    // The certificate is not trusted, or the browser stores nothing: the page needs the server at every start.
  }
}
