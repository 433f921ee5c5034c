/** Which part of the canvas do panels leave free? A shifted projection centres the object in that part. */
import type { PerspectiveCamera } from "three";

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

export class Clearing {
  private insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  private shift: readonly [number, number] | null = null;

  /** Set the covered edges. Returns whether that changes anything. */
  set(insets: Insets): boolean {
    const { bottom, left, right, top } = this.insets;
    if (insets.top === top && insets.right === right && insets.bottom === bottom && insets.left === left) return false;
    this.insets = insets;
    return true;
  }

  /** Move the projection centre one step towards the free part's middle. Returns whether another step is needed. */
  glide(camera: PerspectiveCamera, { height, width }: Size): boolean {
    const { bottom, left, right, top } = this.insets;
    const wanted = [(right - left) / 2, (bottom - top) / 2] as const;
    const [x, y] = this.shift ?? wanted;
    const isThere = isCalm() || Math.hypot(wanted[0] - x, wanted[1] - y) < 0.5;
    this.shift = isThere ? wanted : [x + GLIDE * (wanted[0] - x), y + GLIDE * (wanted[1] - y)];
    camera.setViewOffset(width, height, ...this.shift, width, height);
    return !isThere;
  }

  /** The free part of the canvas; panels that cover nearly everything leave a little. */
  free({ height, width }: Size): Size {
    const { bottom, left, right, top } = this.insets;
    return { height: Math.max(LEAST_PX, height - top - bottom), width: Math.max(LEAST_PX, width - left - right) };
  }
}
