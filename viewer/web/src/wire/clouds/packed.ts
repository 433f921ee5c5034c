/** How is a `packed` shard decoded? A 24-byte header, then gzip of delta-coded planes (writer: broker/shards.py). */
import type { PointCloud } from "./cloud";
import { MAX_POINTS } from "../contract";
import { WireError } from "../errors";

const MAGIC = "CRN1";
const HEADER_BYTES = 24;
const PLANE_COUNT = 9; // x, y, z low and high bytes, red, green, blue

interface Header {
  readonly count: number;
  readonly origin: readonly [number, number, number];
  readonly step: number;
}

/** Decode a packed shard. Throws `bad_shard` for a wrong magic number, a bad header or a wrong length. */
export async function decodePacked(payload: Uint8Array<ArrayBuffer>): Promise<PointCloud> {
  const header = readHeader(payload);
  const planes = await inflate(payload.subarray(HEADER_BYTES), header.count * PLANE_COUNT);
  return {
    pointsInWorld: readPoints(planes, header),
    colorsRgb: readColors(planes.subarray(6 * header.count), header.count),
    count: header.count,
  };
}

function readHeader(payload: Uint8Array): Header {
  if (payload.length < HEADER_BYTES || String.fromCharCode(...payload.subarray(0, 4)) !== MAGIC)
    throw new WireError("bad_shard", "not a packed shard");
  const view = new DataView(payload.buffer, payload.byteOffset, HEADER_BYTES);
  const count = view.getUint32(4, true);
  const origin = [view.getFloat32(8, true), view.getFloat32(12, true), view.getFloat32(16, true)] as const;
  const step = view.getFloat32(20, true);
  const isSound = count > 0 && count <= MAX_POINTS && [...origin, step].every(Number.isFinite) && step > 0;
  if (!isSound) throw new WireError("bad_shard", `a packed shard's header does not fit: ${count} points, step ${step}`);
  return { count, origin, step };
}

/** Sum up the zig-zag coded deltas along the Morton curve, modulo 2^16. Returns 3N float32 in world units. */
function readPoints(planes: Uint8Array, { count, origin, step }: Header): Float32Array<ArrayBuffer> {
  const points = new Float32Array(count * 3);
  for (let axis = 0; axis < 3; axis += 1) {
    const low = axis * count;
    const high = low + 3 * count;
    const start = origin[axis] ?? 0;
    let cell = 0;
    for (let index = 0, at = axis; index < count; index += 1, at += 3) {
      const zigzag = (planes[low + index] ?? 0) | ((planes[high + index] ?? 0) << 8);
      cell = (cell + ((zigzag >> 1) ^ -(zigzag & 1))) & 0xffff;
      points[at] = start + cell * step;
    }
  }
  return points;
}

function readColors(planes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const colors = new Uint8Array(count * 3);
  for (let channel = 0; channel < 3; channel += 1) {
    const begin = channel * count;
    let value = 0;
    for (let index = 0, at = channel; index < count; index += 1, at += 3) {
      const zigzag = planes[begin + index] ?? 0;
      value = (value + ((zigzag >> 1) ^ -(zigzag & 1))) & 0xff;
      colors[at] = value;
    }
  }
  return colors;
}

/** Unpack gzip to exactly `length` bytes. It stops early at a longer stream, so memory stays bounded. */
export async function inflate(squeezed: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array> {
  const planes = new Uint8Array(length);
  const { readable, writable } = new DecompressionStream("gzip");
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  writer.write(squeezed).catch(() => undefined); // the reader reports the error
  writer.close().catch(() => undefined);
  let filled = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (filled + part.value.length > length) break;
      planes.set(part.value, filled);
      filled += part.value.length;
    }
  } catch (thrown) {
    throw new WireError("bad_shard", `a packed shard's planes do not unpack: ${String(thrown)}`);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (filled !== length) throw new WireError("bad_shard", "a packed shard's planes have another length than it says");
  return planes;
}
