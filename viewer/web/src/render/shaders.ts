/** How do points, lines and photographs get their pixels? GLSL shaders without tone mapping, to keep photo colours. */
import { SIZE_ONE, SIZE_STEPS } from "../scene/spacing";

/** Points sized by their spacing, so that a surface closes at any distance. */
export const POINT_VERTEX = /* glsl */ `
precision highp float;
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
uniform float spacing;
uniform float pixelsPerUnit;
uniform float minimumSize;
uniform float maximumSize;
uniform float enlargement;
in vec3 position;
in vec4 tintAndSize;
flat out vec3 tint;
#ifdef ROUNDED
flat out vec4 rounding;
#endif
void main() {
  vec4 inCamera = modelViewMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * inCamera;
  float relative = exp2((tintAndSize.a * 255.0 - ${SIZE_ONE.toFixed(1)}) / ${SIZE_STEPS.toFixed(1)});
  float distance = max(1e-6, -inCamera.z);
  float size = spacing * relative * enlargement * pixelsPerUnit / distance;
  gl_PointSize = clamp(size, minimumSize, maximumSize * enlargement);
  tint = tintAndSize.rgb;
#ifdef ROUNDED
  rounding = vec4(inCamera.z, 0.5 * gl_PointSize * distance / pixelsPerUnit, projectionMatrix[2][2], projectionMatrix[3][2]);
#endif
}`;

/** Round points. With ROUNDED, paraboloids as in Potree: where two overlap, the nearer centre wins. */
export const POINT_FRAGMENT = /* glsl */ `
precision highp float;
flat in vec3 tint;
#ifdef ROUNDED
flat in vec4 rounding;
#endif
out vec4 outColor;
void main() {
  vec2 fromCentre = 2.0 * gl_PointCoord - 1.0;
  float squared = dot(fromCentre, fromCentre);
  if (squared > 1.0) discard;
#ifdef ROUNDED
  float z = rounding.x - rounding.y * squared;
  gl_FragDepth = 0.5 - 0.5 * (rounding.z * z + rounding.w) / z;
#endif
  outColor = vec4(tint, 1.0);
}`;

/** Coloured lines. The materials of three.js take a second to compile with software rendering. */
export const LINE_VERTEX = /* glsl */ `
precision highp float;
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
in vec3 position;
in vec3 color;
out vec3 tint;
void main() {
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  tint = color;
}`;

export const LINE_FRAGMENT = /* glsl */ `
precision highp float;
uniform float opacity;
in vec3 tint;
out vec4 outColor;
void main() {
  outColor = vec4(tint * opacity, opacity);
}`;

/** A photograph on its plane, in unchanged colours. */
export const PHOTO_VERTEX = /* glsl */ `
precision highp float;
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
in vec3 position;
in vec2 uv;
out vec2 place;
void main() {
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  place = uv;
}`;

export const PHOTO_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D photo;
uniform float opacity;
in vec2 place;
out vec4 outColor;
void main() {
  outColor = vec4(texture(photo, place).rgb * opacity, opacity);
}`;

export const SCREEN_VERTEX = /* glsl */ `
precision highp float;
in vec3 position;
out vec2 place;
void main() {
  place = position.xy * 0.5 + 0.5;
  gl_Position = vec4(position.xy, 0.0, 1.0);
}`;

/**
 * The colours and depths of the layer, with optional eye-dome lighting as in CloudCompare and Potree.
 *
 * A pixel darkens by how much nearer its neighbours are, in log depth. Source: C. Boucheny, "Visualisation
 * scientifique de grands volumes de données" (PhD thesis, 2009).
 */
export const LAYER_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D cloudColor;
uniform sampler2D cloudDepth;
uniform vec2 pixel;
uniform float near;
uniform float far;
uniform float strength;
in vec2 place;
out vec4 outColor;
const float DIAGONAL = 0.70710678;
const vec2 AROUND[8] = vec2[8](
  vec2(1.0, 0.0), vec2(DIAGONAL, DIAGONAL), vec2(0.0, 1.0), vec2(-DIAGONAL, DIAGONAL),
  vec2(-1.0, 0.0), vec2(-DIAGONAL, -DIAGONAL), vec2(0.0, -1.0), vec2(DIAGONAL, -DIAGONAL)
);
float logDepth(vec2 at) {
  float depth = texture(cloudDepth, at).r;
  return depth >= 1.0 ? -1.0 : log2(2.0 * near * far / (far + near - (2.0 * depth - 1.0) * (far - near)));
}
void main() {
  float depth = texture(cloudDepth, place).r;
  gl_FragDepth = depth;
  if (depth >= 1.0) discard;
  float shade = 1.0;
#ifdef EYE_DOME
  float own = logDepth(place);
  float above = 0.0;
  int steps = strength > 0.0 && depth < 1.0 ? 8 : 0; // where nothing is, a processor that draws would compute it all
  for (int step = 0; step < steps; step += 1) {
    float other = logDepth(place + pixel * AROUND[step]);
    above += other < 0.0 ? 0.0 : max(0.0, own - other);
  }
  shade = max(0.25, exp(-above / 8.0 * 300.0 * strength));
#endif
  outColor = vec4(texture(cloudColor, place).rgb * shade, 1.0);
}`;
