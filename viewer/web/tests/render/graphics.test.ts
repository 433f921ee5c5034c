import { afterEach, expect, it, vi } from "vitest";

import { graphicsOf } from "../../src/render/graphics";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A browser whose graphics have this name; null: it has none. */
function drawing(name: string | null): { readonly released: () => number } {
  const loseContext = vi.fn();
  const gl = {
    getExtension: (extension: string) =>
      extension === "WEBGL_lose_context" ? { loseContext } : { UNMASKED_RENDERER_WEBGL: 1 },
    getParameter: () => name,
  };
  vi.stubGlobal("document", { createElement: () => ({ getContext: () => (name === null ? null : gl) }) });
  return { released: () => loseContext.mock.calls.length };
}

it.each([
  ["ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)", "software"],
  ["llvmpipe (LLVM 15.0.6, 256 bits)", "software"],
  ["Microsoft Basic Render Driver", "software"],
  ["ANGLE (NVIDIA, NVIDIA H200, OpenGL 4.6)", "card"],
  ["Mali-G78", "card"],
])("%s is a %s", (name, graphics) => {
  const { released } = drawing(name);
  expect(graphicsOf()).toBe(graphics);
  expect(released()).toBe(1);
});

it("a browser without WebGL 2 has none", () => {
  drawing(null);
  expect(graphicsOf()).toBe("none");
});
