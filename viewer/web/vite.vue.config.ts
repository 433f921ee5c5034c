/** Builds the small application that tests/browser/test_elements.py opens: `@cairn/viewer` in a page of somebody else. */
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("../../tests/browser/application"),
  base: "./",
  plugins: [vue()],
  resolve: {
    alias: [
      { find: /^@cairn\/viewer$/, replacement: here("elements/dist/cairn-viewer.js") },
      { find: "@cairn/viewer/vue", replacement: here("elements/dist/vue.js") },
      { find: "vue", replacement: here("node_modules/vue/dist/vue.runtime.esm-bundler.js") },
    ],
  },
  build: { target: "es2022", emptyOutDir: true },
  logLevel: "error",
});
