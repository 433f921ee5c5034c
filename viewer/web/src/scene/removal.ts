/** How many points did a rebuild remove? From the counts of the two generations' manifests. Pure. */
import type { Manifest } from "../wire/contract";

/** What a rebuild removed, with the time of the swap on the monotonic clock. */
export interface Removal {
  readonly generation: number;
  readonly pointCount: number;
  readonly atS: number;
}

/** The set on screen when a rebuild started. */
export interface BeforeRebuild {
  readonly generation: number;
  readonly pointCount: number;
}

/** How long the page speaks of it above the object; it stays in the activity list. */
export const REMOVAL_SHOWN_S = 20;

export function beforeRebuild(manifest: Manifest | null | undefined): BeforeRebuild | null {
  return manifest ? { generation: manifest.generation, pointCount: wholeCount(manifest) } : null;
}

/**
 * The number of points that the rebuild from `before` to `now` removed; 0 when nothing was lost or nothing can be compared.
 * Images that were placed during the rebuild are not in `now`: then the count at its start decides.
 */
export function removedCount(before: Manifest, now: Manifest, atStart: BeforeRebuild | null): number {
  if (now.previous_generation !== before.generation) return 0;
  const known = atStart?.generation === before.generation ? atStart : null;
  const compared = before.image_count > now.image_count ? known : beforeRebuild(before);
  return compared ? Math.max(0, compared.pointCount - wholeCount(now)) : 0;
}

/** The points of a set, also those for which the broker has no room: no rebuild removed these. */
function wholeCount({ left_out: leftOut, point_count: count }: Manifest): number {
  return count + leftOut.point_count;
}
