/** What would others take for the same points? three's PLYLoader and base64 in JSON, beside our decoders; one line of JSON. */
import { PLYLoader } from "three/addons/loaders/PLYLoader.js";

import type { PointCloud } from "../src/wire/clouds/cloud";
import { decodePly, encodePly } from "../src/wire/clouds/ply";

const POINTS_IN_SHARD = 16_384;

function cloudOf(count: number): PointCloud {
  const pointsInWorld = Float32Array.from({ length: 3 * count }, (_, at) => Math.sin(at * 12.9898) * 10);
  const colorsRgb = Uint8Array.from({ length: 3 * count }, (_, at) => (at * 7) % 256);
  return { pointsInWorld, colorsRgb, count };
}

function secondsOf(work: () => void): number {
  const begin = performance.now();
  work();
  return Math.round(performance.now() - begin) / 1000;
}

/** The first design's message: positions and colours as base64 in one JSON object. */
function asJson({ colorsRgb, pointsInWorld }: PointCloud): string {
  const base64 = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString("base64");
  return JSON.stringify({ type: "chunk", positions: base64(pointsInWorld.buffer), colors: base64(colorsRgb.buffer) });
}

/** As a page must do it: `atob`, then a loop over letters. */
function fromJson(text: string): Float32Array {
  const message = JSON.parse(text) as { readonly positions: string; readonly colors: string };
  const bytesOf = (coded: string): Uint8Array => Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
  bytesOf(message.colors);
  return new Float32Array(bytesOf(message.positions).buffer);
}

const count = Number(process.argv[2] ?? 2_000_000);
const shards = Array.from({ length: Math.ceil(count / POINTS_IN_SHARD) }, () => cloudOf(POINTS_IN_SHARD));
const plys = shards.map((cloud) => new Uint8Array(Buffer.concat(encodePly([cloud]))));
const texts = shards.map(asJson);
const loader = new PLYLoader();

process.stdout.write(
  `${JSON.stringify({
    ply_decoder_s: secondsOf(() => {
      plys.forEach(decodePly);
    }),
    three_plyloader_s: secondsOf(() => {
      for (const ply of plys) loader.parse(ply.buffer);
    }),
    base64_json_s: secondsOf(() => {
      texts.forEach(fromJson);
    }),
    base64_json_bytes_per_point:
      Math.round((100 * texts.reduce((sum, text) => sum + text.length, 0)) / (shards.length * POINTS_IN_SHARD)) / 100,
  })}\n`,
);
