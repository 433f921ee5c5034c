import { readFileSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";

import { describe, expect, it } from "vitest";

import { sentencesIn } from "../sentences";

const SOURCE = join(import.meta.dirname, "..", "..", "src");

function sources(): string[] {
  const names = readdirSync(join(SOURCE, "ui"), { recursive: true, encoding: "utf8" });
  return ["main.ts", ...names.filter((name) => name.endsWith(".ts")).map((name) => join("ui", name))];
}

describe("the sentences of the page", () => {
  it.each(sources().filter((name) => !name.split(sep).includes("language")))("of %s are in the table", (name) => {
    expect(sentencesIn(name, readFileSync(join(SOURCE, name), "utf8"))).toEqual([]);
  });
});

describe("a literal sentence", () => {
  it.each([
    ["between tags", "html`<p>Nothing yet.</p>`", ["Nothing yet."]],
    ["after a value", "html`<p>${count} watching</p>`", ["watching"]],
    ["in an attribute", 'html`<a title="Close" href="x">${sign}</a>`', ["Close"]],
    ["within a nested template", "html`${isOpen ? html`<b>Open</b>` : nothing}`", ["Open"]],
    ["in a string", 'toast.say("The scale is removed")', ["The scale is removed"]],
    ["in one word", 'const TITLES = { photos: "Photos" }', ["Photos"]],
    ["in a template string", "say(`Sending ${bytes(size)} now`)", ["Sending now"]],
  ])("%s is found", (_, source, found) => {
    expect(sentencesIn("x.ts", source)).toEqual(found);
  });

  it.each([
    'html`<p class="soft wide" data-testid="x" @click=${() => say(1)}>${t("lost")} · ${count}</p>`',
    "css`p { font: Some Font; }`",
    'throw new Error("this browser cannot draw the image")',
    'if (event.key === "Escape") close()',
  ])("is not seen in %s", (source) => {
    expect(sentencesIn("x.ts", source)).toEqual([]);
  });
});
