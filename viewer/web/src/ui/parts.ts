/** How do parts of the page come that few open? Each is loaded when it is first drawn; where its file is missing, that is said. */

import { t } from "./language/t";

/** After a failure the part is tried again, so long as it is drawn. */
export const AGAIN_MS = 8000;

const asked = new Set<string>();

/** Load a part. `onMissing`: without the network, or when the server has a newer page, whose files have other names. */
export function need(name: string, load: () => Promise<unknown>, onMissing: () => void = () => undefined): void {
  if (asked.has(name)) return;
  asked.add(name);
  load().catch(() => {
    onMissing();
    setTimeout(() => asked.delete(name), AGAIN_MS);
  });
}

/** Wait for a part that is loaded for one task. Rejects with words for people, where its file is missing. */
export async function part<T>(coming: Promise<T>): Promise<T> {
  return await coming.catch(() => {
    throw new Error(t("page.part_missing"));
  });
}
