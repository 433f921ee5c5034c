/** Where are the golden files? Bytes and JSON written by Python, which pytest reads, too. */
import { readFileSync } from "node:fs";

const FOLDER = new URL("../../../tests/golden/", import.meta.url);

export function goldenBytes(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, FOLDER)));
}

export function goldenJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf-8"));
}
