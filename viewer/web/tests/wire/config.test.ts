/** Which project does the page open first, and what if its server does not answer? */
import { expect, test, vi } from "vitest";

import { fetchConfig, firstProject } from "../../src/wire/config";
import { fetchProjects } from "../../src/wire/projects";

test("the address names the first project", () => {
  expect(firstProject("?project=castle", ["castle", "chapel"])).toBe("castle");
  expect(firstProject("?project=castle", [])).toBe("castle"); // the server does not list all of them
});

test("the only project is the first one, and of several none", () => {
  expect(firstProject("", ["chapel"])).toBe("chapel");
  expect(firstProject("", ["castle", "chapel"])).toBe("");
});

test("what is no project's name is ignored", () => {
  expect(firstProject("?project=../etc", ["chapel"])).toBe("chapel");
  expect(firstProject("?project=%3Cscript%3E", [])).toBe("");
});

test("a server that takes the question and never answers does not answer", async () => {
  const patience = new AbortController();
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(patience.signal);
  const asked = (_: URL, { signal }: RequestInit): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        reject(new DOMException("too slow", "TimeoutError"));
      });
    });
  vi.stubGlobal("fetch", asked);
  const found = [fetchConfig("http://site/"), fetchProjects("http://site/", { user: "a", password: "b", project: "" })];
  patience.abort();
  for (const each of found) await expect(each).rejects.toMatchObject({ code: "unreachable" });
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});
