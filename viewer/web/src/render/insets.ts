/** What do panels leave of the canvas? The object stands in the middle of that, and glides there when they open. */
import type { PerspectiveCamera } from "three";

import { isCalm } from "./navigation";

/** What panels cover at each edge of the canvas, in CSS pixels. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** In CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

const GLIDE = 0.22;
const LEAST_SHARE = 0.25;

export class Clearing {
  private insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  private shift: readonly [number, number] | null = null;

  /** Panels opened or closed; returns whether that changes anything. */
  set(insets: Insets): boolean {
    const { bottom, left, right, top } = this.insets;
    if (insets.top === top && insets.right === right && insets.bottom === bottom && insets.left === left) return false;
    this.insets = insets;
    return true;
  }

  /** One step of the camera's middle towards the middle of the clearing; whether another is needed. */
  glide(camera: PerspectiveCamera, { height, width }: Size): boolean {
    const { bottom, left, right, top } = this.insets;
    const wanted = [(right - left) / 2, (bottom - top) / 2] as const;
    const [x, y] = this.shift ?? wanted;
    const isThere = isCalm() || Math.hypot(wanted[0] - x, wanted[1] - y) < 0.5;
    this.shift = isThere ? wanted : [x + GLIDE * (wanted[0] - x), y + GLIDE * (wanted[1] - y)];
    camera.setViewOffset(width, height, ...this.shift, width, height);
    return !isThere;
  }

  /** The share of the canvas's height that the clearing's shorter side has. */
  share({ height, width }: Size): number {
    const { bottom, left, right, top } = this.insets;
    return Math.max(LEAST_SHARE, Math.min(height - top - bottom, width - left - right) / height);
  }
}
