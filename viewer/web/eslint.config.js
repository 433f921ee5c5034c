import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

// What a browser has and Node does not: the DOM and its events.
const domOnly = Object.keys(globals.browser).filter((name) => !(name in globals["shared-node-browser"]));

const THREE = { group: ["three", "three/*"], message: "only src/render draws with three" };
const ELEMENTS = { group: ["lit", "lit/*"], message: "only src/ui has elements" };
const DRAWING = { group: [...THREE.group, ...ELEMENTS.group], message: "wire, scene and worker draw nothing" };
const BROKER = { group: ["mqtt", "mqtt/*"], message: "only src/wire/connection.ts speaks MQTT" };

/** The rule that forbids imports from these folders above, and of these libraries. */
function restricted(above, libraries) {
  const folders = above.map((name) => ({ group: [`**/${name}/**`], message: `src/${name} stands above this folder` }));
  return { "no-restricted-imports": ["error", { patterns: [...folders, ...libraries] }] };
}

function floor(name, above, libraries) {
  return { files: [`src/${name}/**/*.ts`], rules: restricted(above, libraries) };
}

export default tseslint.config(
  { ignores: ["dist/", "elements/", "node_modules/", "coverage/"] },
  js.configs.recommended,
  { files: ["public/service-worker.js"], languageOptions: { globals: globals.serviceworker } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: ["tsconfig.json", "tsconfig.tools.json"], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      // Numbers are printed as they are; everything else is converted on purpose.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Sides with tsconfig's noPropertyAccessFromIndexSignature.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      eqeqeq: "error",
      "no-console": ["error", { allow: ["warn", "error"] }],
      "max-lines": ["error", { max: 400, skipBlankLines: false }],
      "max-lines-per-function": ["error", { max: 60 }],
    },
  },
  {
    // A describe block is a list of tests, not a function.
    files: ["**/*.test.ts", "tests/**/*.ts"],
    rules: { "max-lines-per-function": "off" },
  },
  {
    files: ["src/wire/contract.ts"],
    rules: { "max-lines": "off" },
  },
  // Who may import whom: wire < scene < render | worker < ui. tests/floors.test.ts shows that a violation fails.
  floor("wire", ["scene", "render", "worker", "ui"], [DRAWING]),
  floor("scene", ["render", "worker", "ui"], [DRAWING, BROKER]),
  floor("worker", ["render", "ui"], [DRAWING, BROKER]),
  floor("render", ["worker", "ui"], [ELEMENTS, BROKER]),
  floor("ui", [], [THREE, BROKER]),
  {
    files: ["src/wire/**/*.ts"],
    ignores: ["src/wire/connection.ts"],
    rules: restricted(["scene", "render", "worker", "ui"], [DRAWING, BROKER]),
  },
  {
    // The pure floors: bytes and messages (wire), which shards are shown (scene). They run in any JavaScript engine.
    files: ["src/wire/**/*.ts", "src/scene/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...domOnly.map((name) => ({ name, message: "wire and scene know no DOM" }))],
      "no-restricted-syntax": [
        "error",
        {
          selector: "TSTypeReference > Identifier[name=/^(HTML|SVG|DOM|Document$)/]",
          message: "wire and scene know no DOM",
        },
      ],
    },
  },
);
