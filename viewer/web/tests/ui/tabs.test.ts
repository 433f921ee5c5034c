import { expect, it } from "vitest";

import { tabAfter } from "../../src/ui/tabs";

const TABS = ["cut", "sheet", "film"] as const;

it.each([
  ["ArrowRight", "cut", "sheet"],
  ["ArrowRight", "film", "cut"],
  ["ArrowLeft", "cut", "film"],
  ["ArrowLeft", "film", "sheet"],
  ["Home", "sheet", "cut"],
  ["End", "sheet", "film"],
  ["Enter", "sheet", null],
  ["toString", "sheet", null],
] as const)("%s at the tab %s opens %s", (key, open, next) => {
  expect(tabAfter(key, open, TABS)).toBe(next);
});
