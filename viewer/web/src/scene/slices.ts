/** How does long work leave the page usable? In slices: a generator that is continued until a few milliseconds are over. */

const SLICE_MS = 24;

/** Do work that yields often, with a pause after each slice. Null: `isOver` said at a yield that nobody needs it any more. */
export async function inSlices<R>(work: Generator<void, R>, isOver: () => boolean): Promise<R | null> {
  let sinceMs = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (isOver()) return null;
    if (performance.now() - sinceMs < SLICE_MS) continue;
    await pause();
    sinceMs = performance.now();
  }
}

/** Let the page take its events, then go on. Browsers slow down timers of pages in the background, but not messages. */
function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
