/** What draws in this browser? A graphics card, the processor, or nothing. */

export type Graphics = "card" | "software" | "none";

/** Ask a context of its own, which is released at once: what the canvas needs depends on the answer. */
export function graphicsOf(): Graphics {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return "none";
  const graphics = isDrawnInSoftware(gl) ? "software" : "card";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return graphics;
}

/** SwiftShader, llvmpipe, softpipe or Microsoft Basic Render Driver. */
function isDrawnInSoftware(gl: WebGL2RenderingContext): boolean {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  return typeof name === "string" && /swiftshader|llvmpipe|softpipe|basic render/iu.test(name);
}
