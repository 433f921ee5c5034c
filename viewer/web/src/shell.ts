/** Does the page open while the server is away? On a secure origin, a service worker keeps its files. */

/** Register `public/service-worker.js` and name each file to it: before it takes over, and for workers, it sees no request. */
export async function keepShell(): Promise<void> {
  if (!("serviceWorker" in navigator)) return; // over plain http
  try {
    await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
    const { active } = await navigator.serviceWorker.ready;
    const observer = new PerformanceObserver((list) => {
      active?.postMessage(list.getEntries().map(({ name }) => name));
    });
    observer.observe({ type: "resource", buffered: true });
  } catch {
    // The certificate is not trusted, or the browser stores nothing: the page needs the server at every start.
  }
}
