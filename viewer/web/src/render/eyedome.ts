/** How does a cloud without normals show its shape? Eye-dome lighting, in one pass over the depth. */
import {
  BufferAttribute,
  BufferGeometry,
  Camera,
  DepthTexture,
  GLSL3,
  Mesh,
  NearestFilter,
  type PerspectiveCamera,
  RawShaderMaterial,
  Scene,
  UnsignedIntType,
  Vector2,
  type WebGLRenderer,
  WebGLRenderTarget,
} from "three";

import { EYE_DOME_FRAGMENT, SCREEN_VERTEX } from "./shaders";

const STRENGTH = 0.05;
const RADIUS_PX = 1.4;

/** Draws a scene to a texture, then to the canvas with shaded edges and its depth. */
export class EyeDome {
  private readonly target: WebGLRenderTarget;
  private readonly material: RawShaderMaterial;
  private readonly screen = new Scene();
  private readonly uniforms;

  constructor() {
    this.target = new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
    this.target.depthTexture = new DepthTexture(1, 1, UnsignedIntType);
    this.uniforms = {
      cloudColor: { value: this.target.texture },
      cloudDepth: { value: this.target.depthTexture },
      pixel: { value: new Vector2() },
      near: { value: 0.1 },
      far: { value: 1 },
      strength: { value: STRENGTH },
    };
    this.material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: SCREEN_VERTEX,
      fragmentShader: EYE_DOME_FRAGMENT,
      uniforms: this.uniforms,
    });
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    const triangle = new Mesh(geometry, this.material);
    triangle.frustumCulled = false;
    this.screen.add(triangle);
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.target.setSize(width, height);
    this.uniforms.pixel.value.set((RADIUS_PX * pixelRatio) / width, (RADIUS_PX * pixelRatio) / height);
  }

  render(renderer: WebGLRenderer, scene: Scene, camera: PerspectiveCamera): void {
    this.uniforms.near.value = camera.near;
    this.uniforms.far.value = camera.far;
    renderer.setRenderTarget(this.target);
    renderer.clear();
    renderer.render(scene, camera);
    renderer.setRenderTarget(null);
    renderer.clear();
    renderer.render(this.screen, NO_CAMERA);
  }

  dispose(): void {
    this.target.dispose();
    this.material.dispose();
  }
}

const NO_CAMERA = new Camera();
