/** What did a camera see? Its thumbnail on the image plane of its pyramid. */
import type { Camera } from "three";
import {
  BufferAttribute,
  BufferGeometry,
  DoubleSide,
  LinearFilter,
  GLSL3,
  Mesh,
  RawShaderMaterial,
  Texture,
  Vector3,
} from "three";

import type { Placed } from "./frusta";
import { cornersOf } from "./frusta";
import { PHOTO_FRAGMENT, PHOTO_VERTEX } from "./shaders";

/** The photograph fades between these distances to its camera, in pyramid depths, because near it hides the object. */
const NEAR_DEPTHS = 1.5;
const FAR_DEPTHS = 4;
const OPACITY = 0.94;

/** The plane of at most one photograph. */
export class Photo {
  private readonly uniforms = { photo: { value: null as Texture | null }, opacity: { value: OPACITY } };
  readonly mesh = new Mesh(
    new BufferGeometry(),
    new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: PHOTO_VERTEX,
      fragmentShader: PHOTO_FRAGMENT,
      uniforms: this.uniforms,
      side: DoubleSide,
      transparent: true,
      premultipliedAlpha: true,
      depthWrite: false,
    }),
  );
  private texture: Texture | null = null;
  private bitmap: ImageBitmap | null = null;
  private placed: Placed | null = null;
  /** Set while the photograph is laid over the object; else it fades near its camera. */
  private opacity: number | null = null;
  /** Whether it is shown near its camera. */
  private isHung = true;

  constructor() {
    this.mesh.visible = false;
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
  }

  /** Set the photograph and take ownership of the bitmap; null removes it. */
  setBitmap(bitmap: ImageBitmap | null): void {
    this.texture?.dispose();
    this.bitmap?.close();
    this.bitmap = bitmap;
    this.texture = bitmap && textureOf(bitmap);
    this.uniforms.photo.value = this.texture;
    this.show();
  }

  /** Place the photograph on a camera's image plane. It is hidden when photograph and camera differ in orientation. */
  place(placed: Placed | null): void {
    this.placed = placed;
    if (placed) {
      const [, ...corners] = cornersOf(placed, placed.size);
      const positions = corners.slice(0, 4).flatMap((corner) => corner.toArray());
      this.mesh.geometry.dispose();
      this.mesh.geometry = planeOf(positions);
    }
    this.show();
  }

  /** Lay the photograph over the object with this opacity; null lets it fade near its camera. */
  layOver(opacity: number | null): void {
    this.opacity = opacity;
    this.show();
  }

  /** Show or hide the photograph near its camera. */
  hang(isHung: boolean): void {
    this.isHung = isHung;
    this.show();
  }

  /** Fade the photograph as the viewer's camera comes near the photograph's camera. */
  fade(camera: Camera): void {
    if (!this.mesh.visible || !this.placed) return;
    if (this.opacity !== null) {
      this.uniforms.opacity.value = this.opacity;
      return;
    }
    const center = this.placed.center.clone().applyMatrix4(this.mesh.matrixWorld);
    const depths = camera.getWorldPosition(new Vector3()).distanceTo(center) / this.placed.size;
    this.uniforms.opacity.value =
      OPACITY * Math.min(1, Math.max(0, (depths - NEAR_DEPTHS) / (FAR_DEPTHS - NEAR_DEPTHS)));
  }

  dispose(): void {
    this.setBitmap(null);
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  private show(): void {
    const isWanted = this.isHung || this.opacity !== null;
    this.mesh.visible = isWanted && this.bitmap !== null && this.placed !== null && isAlike(this.bitmap, this.placed);
  }
}

function textureOf(bitmap: ImageBitmap): Texture {
  const texture = new Texture(bitmap);
  texture.flipY = false; // WebGL cannot flip an ImageBitmap; the texture coordinates of the plane do
  texture.generateMipmaps = false;
  texture.minFilter = LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

/** Build the plane. Corners run clockwise from the upper left, as `cornersOf` gives them. */
function planeOf(positions: readonly number[]): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  geometry.setAttribute("uv", new BufferAttribute(new Float32Array([0, 0, 1, 0, 1, 1, 0, 1]), 2));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  return geometry;
}

/** Whether photograph and camera have the same orientation. Thumbnails are upright; a camera may be on its side. */
function isAlike({ height, width }: ImageBitmap, { entry }: Placed): boolean {
  if (!entry.width_px || !entry.height_px) return true;
  return Math.abs(Math.log((width / height) * (entry.height_px / entry.width_px))) < 0.1;
}
