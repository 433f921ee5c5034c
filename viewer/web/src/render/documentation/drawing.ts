/** How is the object drawn without perspective? An orthographic camera, a clipping box, and sheets by tiles. */
import {
  BufferAttribute,
  BufferGeometry,
  GLSL3,
  Group,
  Matrix4,
  OrthographicCamera,
  Points,
  RawShaderMaterial,
  Scene,
  Vector3,
  WebGLRenderTarget,
  WebGLRenderer,
} from "three";

import type { Axes, Box } from "../../scene/documentation/axes";
import { turnedBox } from "../../scene/documentation/axes";
import type { Place } from "../../scene/documentation/profile";
import type { Sheet, Tile } from "../../scene/documentation/sheet";
import { fillGaps } from "../../scene/documentation/gaps";
import { IDENTITY } from "../../scene/similarity";
import type { MeasuredCloud, SpacedCloud } from "../../scene/spacing";
import { inSlices } from "../../scene/slices";
import type { Similarity } from "../../wire/contract";
import { matrixOf } from "../stage";
import { DRAWN_FRAGMENT, DRAWN_VERTEX } from "./shaders";

/** Points of an earlier version, and where they lie in the present world. */
export interface DrawnVersion {
  readonly clouds: readonly SpacedCloud[];
  readonly worldFromVersion: Similarity;
}

/** What is seen: the axes of the view, the place in the middle of the canvas, and what is clipped. */
export interface DrawnView {
  readonly axes: Axes;
  readonly middle: Place;
  readonly unitsPerPx: number;
  readonly clip: Clip;
}

export interface Clip {
  readonly axes: Axes;
  readonly box: Box;
}

/** The pixels of a sheet, from the upper left corner; where there is no point they are transparent. */
export interface Pixels {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

export const TILE_PX = 1024;
const OVERLAP = 2.5;
/** A sheet's points overlap less than those on screen, so that they reach less over the edges of what is behind. */
const SHEET_OVERLAP = 1.7;
const GAP_PASSES = 5;
/** What share of the time of a sheet its tiles take; the rest is for its gaps. */
const TILES_SHARE = 0.6;
const MINIMUM_SIZE_PX = 1.5;

interface Layer {
  readonly group: Group;
  readonly points: readonly Points<BufferGeometry, RawShaderMaterial>[];
  readonly worldFromLayer: Matrix4;
  readonly boxFromWorld: Matrix4;
}

/** A canvas with an orthographic view on the points. Throws where the browser gives it no graphics. */
export class Drawing {
  private readonly renderer: WebGLRenderer;
  private readonly camera = new OrthographicCamera();
  private readonly shared = {
    boxLow: { value: new Vector3() },
    boxHigh: { value: new Vector3() },
    pixelsPerUnit: { value: 1 },
    minimumSize: { value: 1 },
    overlap: { value: OVERLAP },
    hasDepth: { value: false },
  };
  private isOver = false;
  private now: Layer;
  private before: Layer | null = null;

  constructor(
    readonly surface: HTMLCanvasElement,
    clouds: readonly SpacedCloud[],
  ) {
    const attributes = { alpha: true, antialias: false, preserveDrawingBuffer: true };
    // three.js takes this context, and would log an error where there is none
    if (!surface.getContext("webgl2", attributes)) throw new Error("WebGL 2 is missing");
    this.renderer = new WebGLRenderer({ canvas: surface, ...attributes });
    this.renderer.debug.checkShaderErrors = import.meta.env.DEV;
    this.renderer.setClearColor(0x000000, 0);
    this.renderer.autoClear = false;
    this.now = this.layerOf(clouds, IDENTITY);
  }

  /** Replace the present points. */
  setClouds(clouds: readonly SpacedCloud[]): void {
    forget(this.now);
    this.now = this.layerOf(clouds, IDENTITY);
  }

  /** Set the version that is shown left of a border; null: none. */
  compare(version: DrawnVersion | null): void {
    if (this.before) forget(this.before);
    this.before = version && this.layerOf(version.clouds, version.worldFromVersion);
  }

  /** Whether the device took the graphics memory: what is drawn is blank. */
  get isLost(): boolean {
    return this.renderer.getContext().isContextLost();
  }

  /** Set the size of the canvas in CSS pixels. */
  resize(width: number, height: number, pixelRatio: number): void {
    this.renderer.setPixelRatio(pixelRatio);
    this.renderer.setSize(width, height, false);
  }

  /**
   * Draw the view. `mostPoints`: a limit, for movements on slow devices and for growth; `border`: where the earlier
   * version ends, as a share of the width.
   */
  draw(view: DrawnView, mostPoints: number, border: number | null): void {
    const { height, width } = this.surface;
    const ratio = this.renderer.getPixelRatio();
    this.shared.minimumSize.value = MINIMUM_SIZE_PX * ratio;
    this.shared.overlap.value = OVERLAP;
    this.shared.pixelsPerUnit.value = ratio / view.unitsPerPx;
    const [halfWidth, halfHeight] = [(width / ratio / 2) * view.unitsPerPx, (height / ratio / 2) * view.unitsPerPx];
    const [x, y] = view.middle;
    this.look(view, [x - halfWidth, x + halfWidth, y + halfHeight, y - halfHeight]);
    this.renderer.setScissorTest(false);
    this.renderer.clear();
    const edge = this.before && border !== null ? border * (width / ratio) : 0;
    if (this.before && edge > 0) this.drawLayer(this.before, view, Infinity, [0, edge]);
    this.drawLayer(this.now, view, mostPoints, [edge, width / ratio]);
  }

  /**
   * Draw a sheet whose upper left corner is at this place of the view. `onTile` hears what share is done.
   * Null after `dispose`, and where the device took the graphics memory meanwhile: then the pixels would be blank.
   */
  async sheet(
    view: Pick<DrawnView, "axes" | "clip">,
    [left, top]: Place,
    sheet: Sheet,
    metresPerUnit: number,
    onTile: (doneRatio: number) => void,
  ): Promise<Pixels | null> {
    const unitsPerPx = sheet.metresPerPx / metresPerUnit;
    const rgba = new Uint8ClampedArray(4 * sheet.widthPx * sheet.heightPx);
    const nearness = new Float32Array(sheet.widthPx * sheet.heightPx);
    this.shared.minimumSize.value = 1;
    this.shared.overlap.value = SHEET_OVERLAP;
    this.shared.pixelsPerUnit.value = 1 / unitsPerPx;
    for (const [index, tile] of sheet.tiles.entries()) {
      const [x, y] = [left + tile.left * unitsPerPx, top - tile.top * unitsPerPx];
      this.look(view, [x, x + tile.width * unitsPerPx, y, y - tile.height * unitsPerPx]);
      const [pixels, depths] = [false, true].map((hasDepth) => this.tile(view, tile, hasDepth));
      const range = (this.camera.far - this.camera.near) / unitsPerPx;
      for (let row = 0; row < tile.height; row += 1) {
        const from = tile.width * (tile.height - 1 - row); // OpenGL's rows begin below
        const to = (tile.top + row) * sheet.widthPx + tile.left;
        if (pixels) rgba.set(pixels.subarray(4 * from, 4 * (from + tile.width)), 4 * to);
        for (let column = 0; column < tile.width; column += 1)
          nearness[to + column] = -range * depthAt(depths, 4 * (from + column));
      }
      if (this.isLost) return null;
      onTile((TILES_SHARE * (index + 1)) / sheet.tiles.length);
      await new Promise((resolve) => setTimeout(resolve));
      if (this.isOver) return null;
    }
    const [width, height] = [sheet.widthPx, sheet.heightPx];
    await inSlices(fillGaps({ rgba, nearness, width, height }, GAP_PASSES), () => this.isOver);
    if (this.isOver) return null;
    return { rgba, width, height };
  }

  dispose(): void {
    this.isOver = true;
    forget(this.now);
    if (this.before) forget(this.before);
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  /** Read the pixels of a tile: the colours, or the depths. */
  private tile(view: Pick<DrawnView, "axes" | "clip">, { height, width }: Tile, hasDepth: boolean): Uint8Array {
    this.shared.hasDepth.value = hasDepth;
    const target = new WebGLRenderTarget(width, height);
    const pixels = new Uint8Array(4 * width * height);
    this.renderer.setRenderTarget(target);
    this.renderer.clear();
    this.drawLayer(this.now, view, Infinity, null);
    this.renderer.readRenderTargetPixels(target, 0, 0, width, height, pixels);
    this.renderer.setRenderTarget(null);
    target.dispose();
    this.shared.hasDepth.value = false;
    return pixels;
  }

  /** Set the camera to these limits: left, right, top and bottom. */
  private look(
    { axes, clip }: Pick<DrawnView, "axes" | "clip">,
    limits: readonly [number, number, number, number],
  ): void {
    const depth = turnedBox(clip.box, clip.axes, axes);
    const margin = 0.05 * (depth.high[2] - depth.low[2]) + 1e-6;
    [this.camera.left, this.camera.right, this.camera.top, this.camera.bottom] = limits;
    // The camera stays at the origin of the axes and looks along -z, with the whole box between near and far.
    [this.camera.near, this.camera.far] = [-depth.high[2] - margin, -depth.low[2] + margin];
    this.camera.updateProjectionMatrix();
    this.shared.boxLow.value.set(...clip.box.low);
    this.shared.boxHigh.value.set(...clip.box.high);
  }

  /** `range`: the part of the canvas, in CSS pixels; null: all of a render target. */
  private drawLayer(
    layer: Layer,
    { axes, clip }: Pick<DrawnView, "axes" | "clip">,
    mostPoints: number,
    range: readonly [number, number] | null,
  ): void {
    layer.group.matrix.copy(matrixTo(axes)).multiply(layer.worldFromLayer);
    layer.boxFromWorld.copy(matrixTo(clip.axes)).multiply(layer.worldFromLayer);
    let rest = mostPoints;
    for (const points of layer.points) {
      const count = points.geometry.getAttribute("position").count;
      points.visible = rest > 0;
      points.geometry.setDrawRange(0, Math.max(0, Math.min(count, rest)));
      rest -= count;
    }
    this.renderer.setScissorTest(range !== null);
    if (range) this.renderer.setScissor(range[0], 0, range[1] - range[0], this.surface.height);
    const scene = new Scene();
    scene.add(layer.group);
    this.renderer.render(scene, this.camera);
    this.renderer.setScissorTest(false);
  }

  private layerOf(clouds: readonly SpacedCloud[], worldFromLayer: Similarity): Layer {
    const group = new Group();
    group.matrixAutoUpdate = false;
    const boxFromWorld = new Matrix4();
    const { scale } = worldFromLayer;
    const points = clouds.map(({ measured, spacing }) => {
      const material = new RawShaderMaterial({
        glslVersion: GLSL3,
        vertexShader: DRAWN_VERTEX,
        fragmentShader: DRAWN_FRAGMENT,
        uniforms: { ...this.shared, boxFromWorld: { value: boxFromWorld }, spacing: { value: scale * spacing } },
      });
      const each = new Points(geometryOf(measured), material);
      each.frustumCulled = false;
      each.matrixAutoUpdate = false;
      group.add(each);
      return each;
    });
    return { group, points, worldFromLayer: matrixOf(worldFromLayer), boxFromWorld };
  }
}

/** 24 bits of depth, 0 at the nearest and 1 at the farthest. */
function depthAt(depths: Uint8Array | undefined, at: number): number {
  return ((depths?.[at] ?? 0) + 256 * (depths?.[at + 1] ?? 0) + 65536 * (depths?.[at + 2] ?? 0)) / 16777215;
}

/** From the world to places along the axes. */
function matrixTo({ origin, right, toward, up }: Axes): Matrix4 {
  const turn = new Matrix4().makeBasis(new Vector3(...right), new Vector3(...up), new Vector3(...toward)).transpose();
  return turn.multiply(new Matrix4().makeTranslation(new Vector3(...origin).negate()));
}

function geometryOf({ pointsInWorld, tintsAndSizes }: MeasuredCloud): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(pointsInWorld, 3));
  geometry.setAttribute("tintAndSize", new BufferAttribute(tintsAndSizes, 4, true));
  return geometry;
}

function forget({ points }: Layer): void {
  for (const { geometry, material } of points) {
    geometry.dispose();
    material.dispose();
  }
}
