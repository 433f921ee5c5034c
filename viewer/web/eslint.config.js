import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

// What a browser has and Node does not: the DOM and its events.
const domOnly = Object.keys(globals.browser).filter((name) => !(name in globals["shared-node-browser"]));

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "coverage/"] },
  js.configs.recommended,
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
      "max-lines": ["error", { max: 500, skipBlankLines: false }],
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
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["three", "three/*", "lit", "lit/*"], message: "wire and scene draw nothing" },
            { group: ["**/render/**", "**/ui/**", "**/worker/**"], message: "wire and scene stand below these" },
          ],
        },
      ],
    },
  },
  {
    // Only render draws with three, and only ui and render touch the DOM; a worker has neither.
    files: ["src/worker/**/*.ts", "src/ui/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["three", "three/*"], message: "only src/render draws with three" }] },
      ],
    },
  },
);
