/** The npm package: its types say what its code does, and its Vue components do nothing twice. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

import type compiler from "typescript";
import { describe, expect, it, vi } from "vitest";

import type { PlyFile } from "../src/elements-types";
import { CloudElement } from "../src/ui/cloud-element";
import { CairnCloud } from "../src/vue";
import { call } from "./inside";

vi.mock("@cairn/viewer", () => ({}));

/** Not imported: Vite would read all of it. */
const ts = createRequire(import.meta.url)("typescript") as typeof compiler;
const WEB = resolve(import.meta.dirname, "..");

/** What TypeScript says of a file that uses the package. */
function complaints(source: string): readonly string[] {
  const folder = mkdtempSync(join(WEB, "node_modules/.elements-"));
  try {
    const read = (path: string): string => readFileSync(join(WEB, path), "utf8");
    writeFileSync(join(folder, "index.d.ts"), read("src/elements-types.ts") + read("elements/elements.d.ts"));
    writeFileSync(join(folder, "vue.d.ts"), read("elements/vue.d.ts"));
    writeFileSync(join(folder, "page.ts"), source);
    const program = ts.createProgram([join(folder, "page.ts")], {
      ...{ strict: true, noEmit: true, skipLibCheck: true, types: [], lib: ["lib.es2022.d.ts", "lib.dom.d.ts"] },
      ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
      paths: { "@cairn/viewer": [join(folder, "index.d.ts")], "@cairn/viewer/vue": [join(folder, "vue.d.ts")] },
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it("the types know the account, the options of a listener, and both in Vue", { timeout: 60_000 }, () => {
  const found = complaints(`
    import type { CairnViewerElement } from "@cairn/viewer";
    import type { CairnViewer } from "@cairn/viewer/vue";
    declare const element: CairnViewerElement;
    element.credentials = { user: "anna", password: "secret", project: "chapel" };
    element.addEventListener("load", ({ detail }) => console.log(detail.pointCount), { once: true });
    element.addEventListener("click", (event) => console.log(event.clientX), { passive: true });
    export const props: InstanceType<typeof CairnViewer>["$props"] = { server: "", credentials: element.credentials };
    // @ts-expect-error: no number is an account
    element.credentials = 7;
  `);
  expect(found).toEqual([]);
});

interface VNodeLike {
  readonly props: Readonly<Record<string, unknown>>;
}

describe("the Vue component of PLY files", () => {
  it("gives the same list while the files are the same", () => {
    const file = new Uint8Array(1);
    const props = { src: "", pointClouds: [file] as PlyFile[], up: [0, 1, 0], camera: null as object | null };
    const context = { emit: () => undefined, expose: () => undefined, attrs: {}, slots: {} };
    const setup = CairnCloud.setup as unknown as (given: typeof props, with_: typeof context) => () => VNodeLike;
    const draw = setup(props, context);
    const listOf = (): unknown => draw().props[".pointClouds"];
    const first = listOf();
    props.camera = {};
    expect(listOf()).toBe(first);
    props.pointClouds.push(file);
    expect(listOf()).toEqual([file, file]);
  });
});

describe("<cairn-cloud>", () => {
  function connected(): CloudElement {
    return Object.defineProperty(new CloudElement(), "isConnected", { value: true });
  }

  it("is empty again when its address goes", () => {
    const cloud = connected();
    cloud.pointClouds = [new Uint8Array(1)];
    call(cloud, "updated", new Map([["src", "wall.ply"]]));
    expect(cloud.pointClouds).toEqual([]);
  });

  it("picks no point with a second finger or another button", () => {
    const cloud = connected();
    Reflect.set(cloud, "stage", { pickPoint: () => [1, 2, 3] });
    const picked = vi.spyOn(cloud, "dispatchEvent").mockReturnValue(true);
    const press = (change: object): void => {
      const event = { isPrimary: true, button: 0, offsetX: 5, offsetY: 5, ...change };
      call(cloud, "touched", event);
      call(cloud, "tapped", event);
    };
    press({ isPrimary: false });
    press({ button: 2 });
    expect(picked).not.toHaveBeenCalled();
    press({});
    expect(picked).toHaveBeenCalledTimes(1);
  });
});
