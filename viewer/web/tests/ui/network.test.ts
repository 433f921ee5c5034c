import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { initialState } from "../../src/scene/state";
import { bannerOf, chipOf, noticeOf } from "../../src/scene/status";
import { DESKTOP_BUDGET } from "../../src/scene/wanted";
import { Network, isOnline, shownState } from "../../src/ui/network";
import { bannerWords, chipWords, noticeWords } from "../../src/ui/words";

const SERVER = "https://cairn.example/";
const state = { ...initialState("chapel", DESKTOP_BUDGET), link: { kind: "connected", count: 1 } as const };

function deviceIs(onLine: boolean): void {
  vi.stubGlobal("navigator", { onLine });
}

beforeEach(() => {
  vi.stubGlobal("window", new EventTarget());
  deviceIs(false);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it("a device without a network has no connection any more, long before that times out", () => {
  const shown = shownState(state, SERVER);
  expect(shown.link.kind).toBe("lost");
  expect(chipWords(chipOf(shown), false)).toBe("You are offline");
  const notice = noticeOf(shown);
  expect(notice && noticeWords(notice, shown, false).title).toBe("You are offline");
});

it("the banner over an object says that there is no network", () => {
  const words = bannerWords({ kind: "reconnecting" }, state, false);
  expect(words).toContain("This device has no network");
  expect(bannerOf(shownState(state, SERVER))).toBeNull(); // without an object there is a notice
});

it.each(["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:8080/"])(
  "a page server of the same machine needs no network: %s",
  (base) => {
    expect([isOnline(base), shownState(state, base)]).toEqual([true, state]);
  },
);

it("with a network, or without a connection, the state is shown as it is", () => {
  const refused = { ...state, link: { kind: "refused", reason: "no", isLoginWrong: true } as const };
  expect(shownState(refused, SERVER)).toBe(refused);
  deviceIs(true);
  expect(shownState(state, SERVER)).toBe(state);
});

it("the page is drawn again when the network goes or comes, and connects when it is back", () => {
  const [drawn, connected] = [vi.fn(), vi.fn()];
  const host = { addController: () => undefined, requestUpdate: drawn };
  const network = new Network(host as unknown as ConstructorParameters<typeof Network>[0], connected);
  network.hostConnected();
  window.dispatchEvent(new Event("offline"));
  expect([drawn.mock.calls.length, connected.mock.calls.length]).toEqual([1, 0]);
  deviceIs(true);
  window.dispatchEvent(new Event("online"));
  expect([drawn.mock.calls.length, connected.mock.calls.length]).toEqual([2, 1]);
});
