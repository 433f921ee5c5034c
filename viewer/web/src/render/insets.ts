/** Which part of the canvas do panels leave free? A shifted projection centres the object in that part. */
import type { PerspectiveCamera } from "three";

import type { HalfSides } from "../scene/fit";
import { isCalm } from "./navigation";

/** The width that panels cover at each edge of the canvas, in CSS pixels. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** Lengths in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

const GLIDE = 0.22;
const LEAST_PX = 80;
const MOST_ZOOM = 3;

export class Clearing {
  private insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  private shift: readonly [number, number] | null = null;
  /** The zoom of the lens: 1 shows the usual field of view, less than 1 a wider one. */
  private zoom = 1;

  /** Set the covered edges. Returns whether that changes anything. */
  set(insets: Insets): boolean {
    const { bottom, left, right, top } = this.insets;
    if (insets.top === top && insets.right === right && insets.bottom === bottom && insets.left === left) return false;
    this.insets = insets;
    return true;
  }

  /** Show a photograph of this field of view whole in the free part; null: the usual field of view. Tangents of half angles. */
  focus(photo: HalfSides | null, free: HalfSides): void {
    this.zoom = photo ? Math.min(MOST_ZOOM, free.across / photo.across, free.down / photo.down) : 1;
  }

  /** Move projection centre and zoom one step towards what is wanted. Returns whether another step is needed. */
  glide(camera: PerspectiveCamera, { height, width }: Size): boolean {
    const { bottom, left, right, top } = this.insets;
    const wanted = [(right - left) / 2, (bottom - top) / 2] as const;
    const [x, y] = this.shift ?? wanted;
    const isClose = Math.hypot(wanted[0] - x, wanted[1] - y) < 0.5 && Math.abs(this.zoom / camera.zoom - 1) < 0.002;
    const isThere = isCalm() || isClose;
    this.shift = isThere ? wanted : [x + GLIDE * (wanted[0] - x), y + GLIDE * (wanted[1] - y)];
    camera.zoom = isThere ? this.zoom : camera.zoom + GLIDE * (this.zoom - camera.zoom);
    camera.setViewOffset(width, height, ...this.shift, width, height);
    return !isThere;
  }

  /** The middle of the free part, where the object is shown, in CSS pixels. */
  middle({ height, width }: Size): readonly [number, number] {
    const { bottom, left, right, top } = this.insets;
    return [(width + left - right) / 2, (height + top - bottom) / 2];
  }

  /** The free part of the canvas; panels that cover nearly everything leave a little. */
  free({ height, width }: Size): Size {
    const { bottom, left, right, top } = this.insets;
    return { height: Math.max(LEAST_PX, height - top - bottom), width: Math.max(LEAST_PX, width - left - right) };
  }
}
