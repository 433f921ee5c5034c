/** How long is an answer waited for? For a time, unless the one who waits gives up before. */

/** Do something with a signal that is aborted after so many milliseconds, or with `ended`. */
export async function within<T>(
  patienceMs: number,
  ended: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  ended.throwIfAborted();
  // not AbortSignal.any, which Safari lacks before 17.4
  const waiting = new AbortController();
  const abort = (): void => {
    waiting.abort();
  };
  const timer = setTimeout(abort, patienceMs);
  ended.addEventListener("abort", abort);
  try {
    return await work(waiting.signal);
  } finally {
    clearTimeout(timer);
    ended.removeEventListener("abort", abort);
  }
}
