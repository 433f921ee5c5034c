/** How are new shards added to the picture? The cloud is drawn to a texture that is kept between frames. */
import {
  BufferAttribute,
  BufferGeometry,
  Camera,
  DepthTexture,
  GLSL3,
  Mesh,
  NearestFilter,
  Object3D,
  type PerspectiveCamera,
  type Points,
  RawShaderMaterial,
  Scene,
  UnsignedIntType,
  Vector2,
  type WebGLRenderer,
  WebGLRenderTarget,
} from "three";

import { LAYER_FRAGMENT, SCREEN_VERTEX } from "./shaders";

const STRENGTH = 0.05;
const RADIUS_PX = 1.4;
const NO_CAMERA = new Camera();

/** The texture of the cloud, copied to the canvas with its depth and with eye-dome lighting. */
export class CloudLayer {
  private readonly target: WebGLRenderTarget;
  private readonly material: RawShaderMaterial;
  private readonly screen = new Scene();
  private readonly uniforms;

  /** `hasEyeDome`: apply eye-dome lighting. Not for weak graphics. */
  constructor(hasEyeDome: boolean) {
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
      fragmentShader: LAYER_FRAGMENT,
      defines: hasEyeDome ? { EYE_DOME: "" } : {},
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

  /**
   * Draw the visible shards. `isAdded`: onto the texture of earlier frames instead of a cleared one.
   *
   * `isDraft`: another frame follows at once, so eye-dome lighting is skipped.
   */
  render(renderer: WebGLRenderer, scene: Scene, camera: PerspectiveCamera, isAdded: boolean, isDraft: boolean): void {
    this.uniforms.strength.value = isDraft ? 0 : STRENGTH;
    this.uniforms.near.value = camera.near;
    this.uniforms.far.value = camera.far;
    renderer.setRenderTarget(this.target);
    if (!isAdded) renderer.clear();
    renderer.render(scene, camera);
    renderer.setRenderTarget(null);
    renderer.clear();
    renderer.render(this.screen, NO_CAMERA);
  }

  /** Upload hidden points before a frame draws them, because uploading a hundred shards in a frame stalls it. */
  upload(renderer: WebGLRenderer, hidden: readonly Points[]): void {
    const together = new Object3D();
    together.matrixWorldAutoUpdate = false;
    together.children.push(...hidden); // without `add`, which would change their parent
    const set = (isDrawn: boolean, count: number): void => {
      for (const points of hidden) {
        points.visible = isDrawn;
        points.frustumCulled = !isDrawn;
        points.geometry.setDrawRange(0, count);
      }
    };
    set(true, 0);
    renderer.setRenderTarget(this.target);
    renderer.render(together, NO_CAMERA);
    renderer.setRenderTarget(null);
    set(false, Infinity);
  }

  /** Compile the shaders of cloud and layer before there is anything to draw. */
  compile(renderer: WebGLRenderer, scene: Scene, camera: PerspectiveCamera): void {
    renderer.setRenderTarget(this.target);
    renderer.compile(scene, camera);
    renderer.setRenderTarget(null);
    renderer.compile(this.screen, NO_CAMERA);
  }

  dispose(): void {
    this.target.dispose();
    this.material.dispose();
  }
}
