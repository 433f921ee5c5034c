import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

import { beforeEach, describe, expect, it } from "vitest";

const SCRIPT = readFileSync("public/service-worker.js", "utf8");
const PAGE = readFileSync("index.html", "utf8");
const BASE = "https://cairn.local/";
const SETTINGS = `${BASE}config.json`;
const FILE = `${BASE}assets/stage-12345678.js`;
const PORTAL = "<!doctype html><title>Welcome to the train</title>";

interface Answer {
  readonly text: string;
  readonly kind: string;
  readonly status?: number;
  readonly redirected?: boolean;
}
type Waiting = Promise<unknown> | undefined;

const network = new Map<string, Answer>();
const kept = new Map<string, Response>();
const keptText = async (url: string): Promise<string | undefined> => kept.get(url)?.clone().text();

function answerOf(url: string): Promise<Response> {
  const answer = network.get(url);
  if (!answer) return Promise.reject(new TypeError("no network"));
  const response = new Response(answer.text, {
    status: answer.status ?? 200,
    headers: { "content-type": answer.kind },
  });
  const values = { type: "basic", url, redirected: answer.redirected ?? false };
  for (const [name, value] of Object.entries(values)) Object.defineProperty(response, name, { value });
  return Promise.resolve(response);
}

const cache = {
  match: (key: string) => Promise.resolve(kept.get(key)?.clone()),
  put: (key: string, response: Response) => Promise.resolve(kept.set(key, response)),
  keys: () => Promise.resolve([...kept.keys()].map((url) => ({ url }))),
  delete: ({ url }: { readonly url: string }) => Promise.resolve(kept.delete(url)),
};

/** A worker: what it does with an event. */
function worker(): (kind: string, request?: object) => Waiting {
  const listeners = new Map<string, (event: object) => void>();
  const self = {
    location: { href: `${BASE}service-worker.js` },
    skipWaiting: () => undefined,
    addEventListener: (kind: string, listener: (event: object) => void) => listeners.set(kind, listener),
  };
  const caches = { open: () => Promise.resolve(cache) };
  const fetch = (asked: string | { readonly url: string }): Promise<Response> =>
    answerOf(typeof asked === "string" ? asked : asked.url);
  runInNewContext(SCRIPT, { self, caches, fetch, URL, Promise, setTimeout });
  return (kind, request) => {
    let waiting: Waiting;
    const wait = (promise: Promise<unknown>): void => {
      waiting = promise;
    };
    listeners.get(kind)?.({ waitUntil: wait, respondWith: wait, request });
    return waiting;
  };
}

async function get(url: string): Promise<string> {
  const request = { method: "GET", mode: url === BASE ? "navigate" : "cors", url };
  return ((await worker()("fetch", request)) as Response).text();
}

beforeEach(() => {
  kept.clear();
  network.clear();
  network.set(BASE, { text: PAGE, kind: "text/html; charset=utf-8" });
  network.set(SETTINGS, { text: "{}", kind: "application/json; charset=utf-8" });
  network.set(FILE, { text: "1", kind: "text/javascript; charset=utf-8" });
});

describe("the service worker", () => {
  it("keeps what the page server answers, and gives it without a network", async () => {
    await worker()("install");
    await get(FILE);
    network.clear();
    expect([await get(BASE), await get(SETTINGS), await get(FILE)]).toEqual([PAGE, "{}", "1"]);
  });

  it.each([
    ["a login page", { text: PORTAL, kind: "text/html" }],
    ["a page behind a redirection", { text: PAGE, kind: "text/html", redirected: true }],
    ["a page that is missing", { text: PAGE, kind: "text/html", status: 404 }],
  ])("shows %s, and keeps the document of before", async (_, answer) => {
    await worker()("install");
    network.set(BASE, answer);
    expect(await get(BASE)).toBe(answer.text);
    expect(await keptText(BASE)).toBe(PAGE);
  });

  it("opens the document of before while the server answers with an error of its own", async () => {
    await worker()("install");
    network.set(BASE, { text: "Bad Gateway", kind: "text/html", status: 502 });
    expect(await get(BASE)).toBe(PAGE);
  });

  it("takes a login page for no settings and for no file", async () => {
    await worker()("install");
    network.set(SETTINGS, { text: PORTAL, kind: "text/html" });
    network.set(FILE, { text: PORTAL, kind: "text/html" });
    expect(await get(SETTINGS)).toBe("{}");
    expect(await get(FILE)).toBe(PORTAL);
    expect(kept.has(FILE)).toBe(false);
  });

  it("is not installed by a login page", async () => {
    network.set(BASE, { text: PORTAL, kind: "text/html" });
    await expect(worker()("install")).rejects.toThrow("does not come from a page server");
    expect(kept.has(BASE)).toBe(false);
  });

  it("forgets the files of a document when another one comes", async () => {
    await worker()("install");
    await get(FILE);
    network.set(BASE, { text: `${PAGE}<!-- newer -->`, kind: "text/html" });
    await get(BASE);
    expect([...kept.keys()].sort()).toEqual([BASE, SETTINGS]);
  });
});
