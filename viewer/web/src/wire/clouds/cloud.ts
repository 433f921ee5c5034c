/** What is a point cloud on the page? Two flat arrays: positions and colours. */
export interface PointCloud {
  /** x y z of every point: 3N float32, world units, relative to the frame's offset. */
  readonly pointsInWorld: Float32Array<ArrayBuffer>;
  /** Red, green and blue of every point: 3N uint8. */
  readonly colorsRgb: Uint8Array<ArrayBuffer>;
  readonly count: number;
}
