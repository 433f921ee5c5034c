/** Builds the small application that tests/browser/test_vue.py mounts docs/PLYViewer.vue in. */
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("../../tests/browser/vue", import.meta.url)),
  base: "./",
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith("cairn-") } } })],
  resolve: {
    alias: { vue: fileURLToPath(new URL("node_modules/vue/dist/vue.runtime.esm-bundler.js", import.meta.url)) },
  },
  build: { target: "es2022", emptyOutDir: true },
  logLevel: "error",
});
