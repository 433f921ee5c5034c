/** Which imports are forbidden? Those from a lower floor to an upper one, by an eslint rule. */
import { ESLint, Linter } from "eslint";
import { describe, expect, it } from "vitest";

const eslint = new ESLint();

async function complaints(file: string, imported: string): Promise<string[]> {
  const config = (await eslint.calculateConfigForFile(file)) as { rules: Linter.RulesRecord };
  const rule = config.rules["no-restricted-imports"] ?? "off";
  const found = new Linter().verify(`import "${imported}";\n`, [{ rules: { "no-restricted-imports": rule } }]);
  return found.map(({ message }) => message);
}

describe("an import", () => {
  it.each([
    ["src/wire/topics.ts", "three"],
    ["src/wire/topics.ts", "../scene/state"],
    ["src/wire/topics.ts", "mqtt"],
    ["src/wire/connection.ts", "../ui/words"],
    ["src/scene/state.ts", "three"],
    ["src/scene/state.ts", "../render/stage"],
    ["src/scene/state.ts", "../worker/pool"],
    ["src/scene/follower.ts", "mqtt"],
    ["src/worker/pool.ts", "../ui/words"],
    ["src/render/stage.ts", "../ui/theme"],
    ["src/render/stage.ts", "lit"],
    ["src/ui/panels/panel.ts", "three"],
    ["src/ui/session.ts", "mqtt"],
  ])("from %s of %s goes to an upper floor and is refused", async (file, imported) => {
    expect(await complaints(file, imported)).toHaveLength(1);
  });

  it.each([
    ["src/wire/connection.ts", "mqtt"],
    ["src/scene/state.ts", "../wire/contract"],
    ["src/worker/decoder.ts", "../scene/spacing"],
    ["src/render/stage.ts", "three"],
    ["src/ui/panels/panel.ts", "../../render/stage"],
    ["src/ui/panels/panel.ts", "lit"],
  ])("from %s of %s goes to a lower floor and is allowed", async (file, imported) => {
    expect(await complaints(file, imported)).toEqual([]);
  });
});
