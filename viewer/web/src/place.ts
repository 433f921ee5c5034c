/** How do page and address agree? The address follows what is seen, and a link that is put into it opens. */
import { isInvited } from "./arrival";
import { titleOf } from "./ui/summary";
import type { Pace } from "./ui/throttle";
import { Throttle } from "./ui/throttle";
import type { Place } from "./wire/address";
import { placeFragment, readPlace } from "./wire/address";

const ADDRESS_PACE: Pace = { pauseMs: 0, firstMs: 500, longestMs: 500 };

/** The part of the element that the address follows. */
interface Placed extends EventTarget {
  readonly placeNow: Place | null;
  readonly project: { readonly reconstructor: { readonly title?: string } | null } | null;
}

/** Keep the address up to date with what is seen: a reload, or another person, comes to the same place. */
export function followPlace(viewer: Placed): void {
  const { title } = document;
  const fragmentNow = (): string => (viewer.placeNow ? placeFragment(viewer.placeNow) : "");
  const throttle = new Throttle<null>(() => {
    const { placeNow: place, project } = viewer;
    document.title = place ? titleOf(place.project, project?.reconstructor?.title) : title;
    history.replaceState(null, "", location.pathname + location.search + fragmentNow());
  }, ADDRESS_PACE);
  let isPlaced = false;
  viewer.addEventListener("place", () => {
    const wasPlaced = isPlaced;
    isPlaced = viewer.placeNow !== null;
    // a project is in the address at once, so that its link can be shared; without one, a link waits for the login
    if (isPlaced || wasPlaced) throttle.news(null);
  });
  window.addEventListener("hashchange", ({ newURL }) => {
    const { hash } = new URL(newURL);
    const place = readPlace(hash);
    if (!isInvited(hash) && (place === null || placeFragment(place) === fragmentNow())) return;
    throttle.close();
    history.replaceState(null, "", newURL);
    location.reload();
  });
}
