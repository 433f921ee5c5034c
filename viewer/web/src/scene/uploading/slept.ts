/** How long was a pause? A page in the background pauses for a second where it asked for a tenth. */

/** A computer that sleeps overnight has not waited for an answer. */
const LONGEST_MS = 1000;

/** Pause, and return for how long, in milliseconds. */
export async function slept(ms: number): Promise<number> {
  const beganAtMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return Math.min(performance.now() - beganAtMs, LONGEST_MS);
}
