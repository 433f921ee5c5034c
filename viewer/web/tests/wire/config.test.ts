/** Which project does the page open first? */
import { expect, test } from "vitest";

import { firstProject } from "../../src/wire/config";

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
