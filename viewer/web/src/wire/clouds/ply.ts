/** How is a `ply` shard read and written? Binary PLY in the one layout of broker/shards.py. */
import type { PointCloud } from "./cloud";
import type { Manifest } from "../contract";
import { WireError } from "../errors";

const BYTES_PER_POINT = 15;
const MAX_HEADER = 256;
const HEADER = new RegExp(
  [
    "^ply\nformat binary_little_endian 1.0\nelement vertex ([0-9]{1,10})\n",
    "property float x\nproperty float y\nproperty float z\n",
    "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n",
  ].join(""),
);

/** Decode a PLY shard. Throws `bad_shard` for another header, another length or a point that is not finite. */
export function decodePly(payload: Uint8Array): PointCloud {
  const head = String.fromCharCode(...payload.subarray(0, MAX_HEADER));
  const found = HEADER.exec(head);
  if (!found?.[1]) throw new WireError("bad_shard", "not a PLY shard of the fixed layout");
  const count = Number(found[1]);
  const body = payload.subarray(found[0].length);
  if (body.length !== count * BYTES_PER_POINT)
    throw new WireError("bad_shard", `a PLY shard of ${count} points has ${body.length} bytes of rows`);
  return rows(body, count);
}

/** Of which cloud a file is; once a scale is known its points are metres. The same comments as in viewer/export.py. */
export type Origin = Pick<Manifest, "project" | "generation" | "revision" | "frame">;

function commentsOf({ frame, generation, project, revision }: Origin): string {
  const metres = frame.metres_per_unit;
  const offset = frame.offset.map((value) => written(value * (metres ?? 1)));
  return [
    `comment cairn ${project} generation ${generation} revision ${revision}`,
    `comment units ${metres === null ? "unscaled" : "metres"}`,
    `comment add_to_xyz ${offset.join(" ")}\n`,
  ].join("\n");
}

/** A number as Python writes it. */
function written(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** Encode several clouds as one PLY file, in parts for a `Blob`; without an origin, as a shard is. */
export function encodePly(clouds: readonly PointCloud[], origin: Origin | null = null): Uint8Array<ArrayBuffer>[] {
  const count = clouds.reduce((sum, cloud) => sum + cloud.count, 0);
  const axes = ["x", "y", "z"].map((name) => `property float ${name}\n`);
  const colors = ["red", "green", "blue"].map((name) => `property uchar ${name}\n`);
  const scale = origin?.frame.metres_per_unit ?? 1;
  const header = `ply\nformat binary_little_endian 1.0\n${origin ? commentsOf(origin) : ""}element vertex ${count}\n${[...axes, ...colors].join("")}end_header\n`;
  return [new TextEncoder().encode(header), ...clouds.map((cloud) => encodeRows(cloud, scale))];
}

function encodeRows({ colorsRgb, count, pointsInWorld }: PointCloud, scale: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(count * BYTES_PER_POINT);
  const view = new DataView(body.buffer);
  for (let point = 0, at = 0; point < count * 3; point += 3, at += BYTES_PER_POINT)
    for (let axis = 0; axis < 3; axis += 1) {
      view.setFloat32(at + 4 * axis, (pointsInWorld[point + axis] ?? 0) * scale, true);
      body[at + 12 + axis] = colorsRgb[point + axis] ?? 0;
    }
  return body;
}

function rows(body: Uint8Array, count: number): PointCloud {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const pointsInWorld = new Float32Array(count * 3);
  const colorsRgb = new Uint8Array(count * 3);
  let isFinite = true;
  for (let point = 0, at = 0; point < count * 3; point += 3, at += BYTES_PER_POINT) {
    for (let axis = 0; axis < 3; axis += 1) {
      const value = view.getFloat32(at + 4 * axis, true);
      isFinite &&= Number.isFinite(value);
      pointsInWorld[point + axis] = value;
      colorsRgb[point + axis] = body[at + 12 + axis] ?? 0;
    }
  }
  if (!isFinite) throw new WireError("bad_shard", "a point is not finite");
  return { pointsInWorld, colorsRgb, count };
}
