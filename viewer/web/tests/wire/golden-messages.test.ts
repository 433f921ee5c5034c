/** Do TypeScript and Python accept and refuse the same messages? Golden files that pytest reads, too. */
import { readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { MODELS } from "../../src/wire/contract";
import { checkMessage } from "../../src/wire/messages";
import { goldenJson } from "../golden";

interface Golden {
  readonly valid: readonly { readonly what: string; readonly message: object; readonly read: object }[];
  /** The first valid message with `value` at the path `at`. Without a `value`, that field is left out. */
  readonly invalid: readonly {
    readonly what: string;
    readonly code: string;
    readonly at: readonly (string | number)[];
    readonly value?: unknown;
  }[];
}

const FOLDER = new URL("../../../../tests/golden/messages/", import.meta.url);

function altered(message: object, { at, ...change }: Golden["invalid"][number]): unknown {
  const changed = structuredClone(message);
  let place = changed as Record<string | number, unknown>;
  for (const step of at.slice(0, -1)) place = place[step] as Record<string | number, unknown>;
  const last = at.at(-1) ?? "";
  if ("value" in change) place[last] = change.value;
  else Reflect.deleteProperty(place, last);
  return changed;
}

it("every message has its golden file", () => {
  const names = readdirSync(FOLDER).map((name) => name.replace(/\.json$/, ""));
  expect(names.sort()).toEqual(Object.keys(MODELS).sort());
});

describe.each(Object.keys(MODELS))("%s", (type) => {
  const { invalid, valid } = goldenJson(`messages/${type}.json`) as Golden;

  it.each(valid)("is read with its defaults: $what", ({ message, read }) => {
    expect(checkMessage(message)).toEqual(read);
  });

  it.each(invalid)("is refused: $what", (each) => {
    expect(() => checkMessage(altered(valid[0]?.message ?? {}, each))).toThrow(
      expect.objectContaining({ code: each.code }),
    );
  });
});
