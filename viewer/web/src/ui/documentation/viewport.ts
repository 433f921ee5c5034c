/** Which part of the drawing is on screen, and how large? The place in its middle, and the world units of a pixel. */
import type { Place } from "../../scene/documentation/profile";

/** The share of the canvas that the whole object fills. */
const FILL = 0.86;

interface Size {
  readonly clientWidth: number;
  readonly clientHeight: number;
}

export class Viewport {
  middle: Place = [0, 0];
  unitsPerPx = 1;

  /** `canvas` is null before it is drawn for the first time. */
  constructor(
    private readonly canvas: () => Size | null,
    private readonly onChange: () => void,
  ) {}

  placeAt(x: number, y: number): Place {
    const [width, height] = this.size();
    return [this.middle[0] + (x - width / 2) * this.unitsPerPx, this.middle[1] - (y - height / 2) * this.unitsPerPx];
  }

  /** The pixel at which a place is. */
  readonly pixelOf = ([x, y]: Place): readonly [number, number] => {
    const [width, height] = this.size();
    return [width / 2 + (x - this.middle[0]) / this.unitsPerPx, height / 2 - (y - this.middle[1]) / this.unitsPerPx];
  };

  shift(dx: number, dy: number): void {
    this.middle = [this.middle[0] - dx * this.unitsPerPx, this.middle[1] + dy * this.unitsPerPx];
    this.onChange();
  }

  /** Enlarge; the place under this pixel stays there. */
  zoom(factor: number, x: number, y: number): void {
    const before = this.placeAt(x, y);
    this.unitsPerPx /= factor;
    const now = this.placeAt(x, y);
    this.middle = [this.middle[0] + before[0] - now[0], this.middle[1] + before[1] - now[1]];
    this.onChange();
  }

  /** Show everything between two corners. */
  fit({ high, low }: { readonly low: readonly number[]; readonly high: readonly number[] }): void {
    const [width, height] = this.size();
    if (width === 0 || height === 0) return;
    const [left = 0, bottom = 0, right = 0, top = 0] = [low[0], low[1], high[0], high[1]];
    this.middle = [(left + right) / 2, (bottom + top) / 2];
    this.unitsPerPx = Math.max((right - left) / width, (top - bottom) / height) / FILL;
    this.onChange();
  }

  private size(): readonly [number, number] {
    const canvas = this.canvas();
    return [canvas?.clientWidth ?? 0, canvas?.clientHeight ?? 0];
  }
}
