import type { TemplateResult } from "lit";
import { expect, it } from "vitest";

import type { Documentation } from "../../../src/ui/documentation/element";
import { sidesPart } from "../../../src/ui/documentation/panels";

it("buttons show the object in three dimensions from the front, the side and above", () => {
  const done: unknown[] = [];
  const host = {
    dispatchEvent: ({ detail, type }: CustomEvent) => done.push([type, detail]),
    close: () => done.push("closed"),
  };
  const buttons = sidesPart(host as unknown as Documentation).values.flat() as (TemplateResult | string)[];
  for (const button of buttons) {
    if (typeof button === "string") continue;
    const click = button.values.find((each) => typeof each === "function") as () => void;
    click();
  }
  expect(done).toEqual([["side", "front"], "closed", ["side", "side"], "closed", ["side", "top"], "closed"]);
});
