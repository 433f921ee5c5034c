import type { TemplateResult } from "lit";
import { expect, it, vi } from "vitest";

import { waitingHints } from "../../../src/ui/photographs/waiting";
import { NOTHING_WAITS } from "../../../src/ui/photographs/waits";

/** All texts of a template, and the functions of its buttons. */
function partsOf(template: unknown): { texts: string[]; acts: (() => void)[] } {
  const [texts, acts]: [string[], (() => void)[]] = [[], []];
  const visit = (value: unknown): void => {
    if (typeof value === "string") texts.push(value);
    else if (typeof value === "function") acts.push(value as () => void);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (value !== null && typeof value === "object") (value as Partial<TemplateResult>).values?.forEach(visit);
  };
  visit(template);
  return { texts, acts };
}

it("without photographs that wait nothing is said", () => {
  expect(partsOf(waitingHints(NOTHING_WAITS, () => undefined))).toEqual({ texts: [], acts: [] });
});

it("photographs that this tab does not send are named, with a way to those of another project", () => {
  const others = [
    { user: null, project: "bridge", count: 3 },
    { user: "ben", project: "chapel", count: 1 },
  ];
  const onOpen = vi.fn();
  const { acts, texts } = partsOf(waitingHints({ isKeeping: true, elsewhereCount: 2, others }, onOpen));
  expect(texts).toEqual([
    "Photos that another tab sends: 2",
    "Photos that wait in this browser for bridge: 3",
    "Open",
    "Photos that wait in this browser for chapel (ben): 1",
  ]);
  for (const act of acts) act();
  expect(onOpen.mock.calls).toEqual([["bridge"]]);
});

it("as long as the browser keeps no photographs, the page says so", () => {
  const { texts } = partsOf(waitingHints({ ...NOTHING_WAITS, isKeeping: false }, () => undefined));
  expect(texts).toEqual(["This browser keeps no photos: leave this page open until they are sent"]);
});
