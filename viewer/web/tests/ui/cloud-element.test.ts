import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { StageOptions } from "../../src/render/stage";
import { CloudElement } from "../../src/ui/cloud-element";
import { useLanguage } from "../../src/ui/language/language";
import { call } from "../inside";

const made: StageOptions[] = [];

vi.mock("../../src/render/stage", () => ({
  Stage: class {
    readonly dispose = (): void => undefined;

    constructor(options: StageOptions) {
      made.push(options);
      if (made.length > 1) throw new Error("no WebGL");
    }
  },
}));

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.stubGlobal("navigator", { languages: ["fr"] });
  vi.stubGlobal("document", { documentElement: { lang: "de" } });
  made.length = 0;
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await useLanguage("en", []);
});

/** Nothing is drawn without a document. */
class Element extends CloudElement {
  protected override performUpdate(): void {
    return;
  }
}
customElements.define("test-cloud", Element);

/** An element whose events are kept. */
function connected(): { readonly cloud: CloudElement; readonly told: unknown[] } {
  const cloud = Object.defineProperty(new Element(), "isConnected", { value: true });
  Object.defineProperty(cloud, "canvas", { value: null });
  Object.assign(cloud, { createRenderRoot: () => ({}) });
  const told: unknown[] = [];
  vi.spyOn(cloud, "dispatchEvent").mockImplementation((event) => {
    told.push((event as CustomEvent).detail);
    return true;
  });
  cloud.connectedCallback();
  return { cloud, told };
}

it("lost graphics are told in the page's language, and the white canvas is hidden until they are back", async () => {
  const { cloud, told } = connected();
  call(cloud, "createStage");
  const drawn = (): boolean => JSON.stringify(cloud.render()).includes('"lost"');
  made[0]?.onContext(true);
  expect(drawn()).toBe(true);
  await vi.waitFor(() => {
    expect(told).toEqual([{ code: "context_lost", message: "Die Grafik wurde unterbrochen" }]);
  });
  made[0]?.onContext(false);
  expect([drawn(), told.length]).toEqual([false, 1]);
});

it("a browser without WebGL 2 is told in the page's language", async () => {
  made.push({} as StageOptions);
  const { cloud, told } = connected();
  call(cloud, "updated", new Map([["pointClouds", []]]));
  await vi.waitFor(() => {
    expect(told).toEqual([{ code: "no_webgl", message: "Dieser Browser kann kein 3D zeichnen" }]);
  });
});

it("the language that was chosen on this device comes before that of the page", async () => {
  vi.stubGlobal("localStorage", { getItem: () => "it" });
  made.push({} as StageOptions);
  const { cloud, told } = connected();
  call(cloud, "updated", new Map([["pointClouds", []]]));
  await vi.waitFor(() => {
    expect(told).toEqual([{ code: "no_webgl", message: "Questo browser non può disegnare in 3D" }]);
  });
});
