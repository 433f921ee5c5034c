/** How do points get their pixels without perspective? GLSL shaders with a clipping box. */
import { SIZE_ONE, SIZE_STEPS } from "../../scene/spacing";

/** Points of one size at any depth. A point outside the box is put outside the canvas. */
export const DRAWN_VERTEX = /* glsl */ `
precision highp float;
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
uniform mat4 boxFromWorld;
uniform vec3 boxLow;
uniform vec3 boxHigh;
uniform float spacing;
uniform float pixelsPerUnit;
uniform float minimumSize;
uniform float overlap;
in vec3 position;
in vec4 tintAndSize;
out vec3 tint;
flat out vec4 rounding;
void main() {
  vec4 inView = modelViewMatrix * vec4(position, 1.0);
  vec3 inBox = (boxFromWorld * vec4(position, 1.0)).xyz;
  bool isOutside = any(lessThan(inBox, boxLow)) || any(greaterThan(inBox, boxHigh));
  gl_Position = isOutside ? vec4(2.0, 2.0, 2.0, 1.0) : projectionMatrix * inView;
  float relative = exp2((tintAndSize.a * 255.0 - ${SIZE_ONE.toFixed(1)}) / ${SIZE_STEPS.toFixed(1)});
  float size = max(minimumSize, min(64.0, overlap * spacing * relative * pixelsPerUnit));
  gl_PointSize = size;
  tint = tintAndSize.rgb;
  rounding = vec4(inView.z, 0.5 * size / pixelsPerUnit, projectionMatrix[2][2], projectionMatrix[3][2]);
}`;

/** Round points as paraboloids: where two overlap, the nearer centre wins. `hasDepth`: write 24 bits of depth instead. */
export const DRAWN_FRAGMENT = /* glsl */ `
precision highp float;
uniform bool hasDepth;
in vec3 tint;
flat in vec4 rounding;
out vec4 outColor;
void main() {
  vec2 fromCentre = 2.0 * gl_PointCoord - 1.0;
  float squared = dot(fromCentre, fromCentre);
  if (squared > 1.0) discard;
  float z = rounding.x - rounding.y * squared;
  gl_FragDepth = 0.5 + 0.5 * (rounding.z * z + rounding.w);
  outColor = vec4(tint, 1.0);
  if (hasDepth) {
    float at = floor(gl_FragDepth * 16777215.0);
    outColor = vec4(mod(at, 256.0), mod(floor(at / 256.0), 256.0), floor(at / 65536.0), 255.0) / 255.0;
  }
}`;
