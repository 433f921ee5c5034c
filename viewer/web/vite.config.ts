import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

import { gzipAsync } from "@gfx/zopfli";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const COMPRESSIBLE = /\.(?:css|html|js|json|svg|wasm)$/;

/** Modules that the first visit loads and that parts of the page use, too. */
const SHARED = new RegExp(
  [
    "node_modules/(?:@lit|lit|lit-element|lit-html)/",
    "src/wire/(?:contract|credentials|errors|fields|ids|messages|schema|text)\\.ts",
    "src/scene/(?:components|framing|images|latency|reference|rigs|scale|similarity|status|wanted|uploading/uploads)\\.ts",
    "src/ui/(?:breakpoints|device|form-styles|format|icons|parts|summary|tabs|theme|words|stage/room)\\.ts",
    "src/ui/language/(?:language|localized|t|en|figures/en|photographs/en|reasons/en)\\.ts",
  ].join("|"),
);

/** Writes .gz and .br beside every text file, which aiohttp serves as they are: a Pi need not compress. */
function precompressed(): Plugin {
  let outDir = "";
  return {
    name: "precompressed",
    apply: "build",
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true });
      await Promise.all(names.filter((name) => COMPRESSIBLE.test(name)).map((name) => compress(join(outDir, name))));
    },
  };
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await Promise.all([
    // zopfli: 4 % less than zlib at its highest level, in a second.
    gzipAsync(bytes, { numiterations: 5 }).then((packed) => writeFile(`${path}.gz`, packed)),
    promisify(brotliCompress)(bytes, best).then((packed) => writeFile(`${path}.br`, packed)),
  ]);
}

/** Takes comments and indentation out of the styles of elements, which no minifier does within templates. */
function shortStyles(): Plugin {
  return {
    name: "short-styles",
    apply: "build",
    transform: (code, id) =>
      id.includes("/src/")
        ? code.replaceAll(/css`[^`]*`/gu, (styles) => styles.replaceAll(/\/\*.*?\*\//gsu, "").replaceAll(/\s+/gu, " "))
        : null,
  };
}

export default defineConfig({
  base: "./",
  plugins: [shortStyles(), precompressed()],
  build: {
    target: "es2022",
    // The page's Content-Security-Policy has no unsafe-inline and no data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // three alone is larger than Vite's default; the page's real limit, gzipped, is measured by a test.
    chunkSizeWarningLimit: 1200,
    // What the page and its parts share is one file: in thirty small ones it compresses worse.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", test: SHARED }] } } },
  },
  worker: { format: "es" },
  // bench/peers.ts runs in Node from a folder without node_modules.
  ssr: { noExternal: true },
  server: {
    // `npm run dev` beside a running `cairn demo`: set CAIRN_PAGE_SERVER to the address that it prints.
    proxy: Object.fromEntries(
      ["/mqtt", "/config.json", "/health", "/projects", "/invitations"].map((path) => [
        path,
        { target: process.env["CAIRN_PAGE_SERVER"] ?? "http://127.0.0.1:8080", ws: path === "/mqtt" },
      ]),
    ),
  },
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    environment: "node",
  },
});
