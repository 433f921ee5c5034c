/** How are coverage and advice read? JSON by its schema; the grid from a 48-byte header and gzip (writer: broker/coverage/grid.py). */
import type { Advice, Coverage } from "./contract";
import { CHANNELS } from "./contract";
import { sha256 } from "./digest";
import { WireError } from "./errors";
import { checkMessage, parseJson } from "./messages";
import { inflate } from "./clouds/packed";

const MAGIC = "CVG1";
const HEADER_BYTES = 48;
const PLANE_COUNT = 7; // four of the cell's difference, lowest byte first; score, photographs, degrees
const MOST_CELLS = 200_000;
/** Of the box around them: the writer makes at most 160 along each side. Who paints keeps a number for each. */
const MOST_PLACES = 200 ** 3;

/** Cells with what is known of each. */
export interface CoverageGrid {
  /** A corner of the first cell, and a cell's width, in world units. */
  readonly origin: readonly [number, number, number];
  readonly side: number;
  readonly shape: readonly [number, number, number];
  /** Whether the cloud is a surface; else the scores say nothing. */
  readonly isDense: boolean;
  /** Ascending numbers of cells, x slowest. */
  readonly cells: Uint32Array;
  /** 0 for a hole, else from 1 (bad) to 255. */
  readonly scores: Uint8Array;
  readonly views: Uint8Array;
  readonly anglesDeg: Uint8Array;
}

export function readAdvice(payload: Uint8Array): Advice {
  return read("advice", payload) as Advice;
}

export function readCoverage(payload: Uint8Array): Coverage {
  return read("coverage", payload) as Coverage;
}

/** Decode the grid that a message names. Throws `bad_shard` for another digest, a bad header or a wrong length. */
export async function readGrid(
  payload: Uint8Array<ArrayBuffer>,
  { grid_sha256: wanted }: Coverage,
): Promise<CoverageGrid> {
  if ((await sha256(payload)) !== wanted) throw new WireError("bad_shard", "the grid is not the one that is named");
  return decodeGrid(payload);
}

export async function decodeGrid(payload: Uint8Array<ArrayBuffer>): Promise<CoverageGrid> {
  const magic = String.fromCharCode(...payload.subarray(0, 4));
  if (payload.length < HEADER_BYTES || payload.length > CHANNELS.coverage_grid.maxBytes || magic !== MAGIC)
    throw new WireError("bad_shard", "not a grid of coverage");
  const view = new DataView(payload.buffer, payload.byteOffset, HEADER_BYTES);
  const count = view.getUint32(4, true);
  const origin = [view.getFloat64(8, true), view.getFloat64(16, true), view.getFloat64(24, true)] as const;
  const side = view.getFloat64(32, true);
  const shape = [view.getUint16(40, true), view.getUint16(42, true), view.getUint16(44, true)] as const;
  const size = shape[0] * shape[1] * shape[2];
  if (count > MOST_CELLS || size > MOST_PLACES || ![...origin, side].every(Number.isFinite) || side <= 0)
    throw new WireError("bad_shard", "a grid of coverage whose header does not fit");
  const planes = await inflate(payload.subarray(HEADER_BYTES), count * PLANE_COUNT);
  const plane = (index: number): Uint8Array => planes.subarray(index * count, (index + 1) * count);
  return {
    origin,
    side,
    shape,
    isDense: view.getUint8(46) !== 0,
    cells: cellsOf(planes, count, size),
    scores: plane(4),
    views: plane(5),
    anglesDeg: plane(6),
  };
}

function cellsOf(planes: Uint8Array, count: number, size: number): Uint32Array {
  const cells = new Uint32Array(count);
  let cell = 0;
  for (let index = 0; index < count; index += 1) {
    let difference = 0;
    for (let byte = 3; byte >= 0; byte -= 1) difference = difference * 256 + (planes[byte * count + index] ?? 0);
    cell += difference;
    if (cell >= size || (index > 0 && difference === 0))
      throw new WireError("bad_shard", "a grid of coverage with cells outside of it or twice");
    cells[index] = cell;
  }
  return cells;
}

function read(channel: "advice" | "coverage", payload: Uint8Array): Advice | Coverage {
  if (payload.length > CHANNELS[channel].maxBytes) throw new WireError("bad_message", `too many bytes of ${channel}`);
  const message = checkMessage(parseJson(payload));
  if (message.type !== channel) throw new WireError("bad_message", `${message.type} does not belong on ${channel}`);
  return message;
}
