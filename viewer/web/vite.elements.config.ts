/** Builds `@cairn/viewer`: the elements as one module without dependencies, the Vue components, types and a README. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";
import { build, defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OUT = here("elements/dist");
const COPIED = ["package.json", "README.md", "example.html", "vue.d.ts"];

/** Workers come out of the module itself: `src/worker/start-inline.ts` says why. */
function inlineWorkers(): Plugin {
  return {
    name: "inline-workers",
    enforce: "pre",
    resolveId(source, importer) {
      return source === "./start" && importer?.includes("/src/worker/") ? here("src/worker/start-inline.ts") : null;
    },
  };
}

/** Writes what is not built: the types come from the file that the elements themselves implement. */
function packaged(): Plugin {
  return {
    name: "packaged",
    async closeBundle() {
      await build({
        configFile: false,
        logLevel: "warn",
        build: {
          outDir: OUT,
          emptyOutDir: false,
          lib: { entry: here("src/vue.ts"), formats: ["es"], fileName: "vue" },
          rolldownOptions: { external: ["vue", "@cairn/viewer"] },
        },
      });
      await Promise.all(COPIED.map((name) => cp(here(`elements/${name}`), `${OUT}/${name}`)));
      await cp(here("../../LICENSE"), `${OUT}/LICENSE`);
      const types = await Promise.all(
        ["src/elements-types.ts", "elements/elements.d.ts"].map((path) => readFile(here(path), "utf8")),
      );
      await writeFile(`${OUT}/index.d.ts`, types.join(""));
    },
  };
}

export default defineConfig({
  plugins: [inlineWorkers(), packaged()],
  build: {
    target: "es2022",
    outDir: OUT,
    emptyOutDir: true,
    chunkSizeWarningLimit: 1500,
    lib: { entry: here("src/elements.ts"), formats: ["es"], fileName: "cairn-viewer" },
    // One file, for pages without a bundler.
    rolldownOptions: { output: { minify: true, codeSplitting: false } },
  },
  worker: { format: "es" },
  logLevel: "warn",
});
