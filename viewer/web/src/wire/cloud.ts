/** Coloured points, as they are drawn. */
export interface PointCloud {
  /** x y z of every point, relative to the frame's offset, world units. */
  readonly pointsInWorld: Float32Array<ArrayBuffer>;
  /** red green blue of every point. */
  readonly colorsRgb: Uint8Array<ArrayBuffer>;
  readonly count: number;
}
