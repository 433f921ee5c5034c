import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { followPlace } from "../src/place";
import type { Place } from "../src/wire/address";

class Viewer extends EventTarget {
  placeNow: Place | null = null;
  readonly project = null;

  see(place: Place | null): void {
    this.placeNow = place;
    this.dispatchEvent(new Event("place"));
    vi.advanceTimersByTime(500);
  }
}

const chapel: Place = { project: "north-chapel", image: null, viewpoint: null };
const reload = vi.fn();
let viewer = new Viewer();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("document", { title: "Cairn" });
  vi.stubGlobal("location", { hash: "#project=castle", pathname: "/", search: "", reload });
  vi.stubGlobal("history", {
    replaceState: (_state: null, _title: string, url: string) => {
      location.hash = new URL(url, "http://127.0.0.1").hash;
    },
  });
  reload.mockReset();
  viewer = new Viewer();
  followPlace(viewer);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A link is put into the address of the open page. */
function put(hash: string): void {
  location.hash = hash;
  window.dispatchEvent(Object.assign(new Event("hashchange"), { newURL: `http://127.0.0.1/${hash}` }));
}

describe("the address", () => {
  it("and the title name the project that is open, and none after it was left", () => {
    viewer.see(chapel);
    expect([location.hash, document.title]).toEqual(["#project=north-chapel", "North chapel"]);
    viewer.see(null);
    expect([location.hash, document.title]).toEqual(["", "Cairn"]);
  });

  it("keeps a link until somebody has logged in", () => {
    viewer.see(null);
    expect(location.hash).toBe("#project=castle");
  });
});

describe("a link that is put into the address", () => {
  it.each(["#invite=abc", "#project=castle", "#project=north-chapel&image=walk-000001-0123456789abcdef"])(
    "is opened: %s",
    (hash) => {
      viewer.see(chapel);
      put(hash);
      viewer.see(chapel); // what is seen until the page is loaded again does not overwrite it
      expect(reload).toHaveBeenCalledOnce();
      expect(location.hash).toBe(hash);
    },
  );

  it.each(["#project=north-chapel", "#", "#elsewhere"])("changes nothing: %s", (hash) => {
    viewer.see(chapel);
    put(hash);
    expect(reload).not.toHaveBeenCalled();
  });
});
