/** What is a photograph before it is sent? A file whose first bytes tell its format and whose digest names it. */
import { MAX_IMAGE_BYTES } from "../../wire/contract";
import { WireError } from "../../wire/errors";

/** The part of a browser's `File` that an upload needs. */
export interface Photograph {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A photograph from before a reload, with its image id if it has been named. */
export interface Unsent {
  readonly key: string;
  readonly imageId: string | null;
  readonly photograph: Photograph;
}

/** Keeps photographs until their receipt, over reloads. */
export interface PhotographKeeper {
  keep(key: string, photograph: Photograph): void;
  /** Note the image id: sent again, it is the same image. */
  name(key: string, imageId: string): void;
  forget(key: string): void;
}

/** What names a photograph on the wire. */
export interface Named {
  readonly id: string;
  readonly digest: string;
  readonly contentType: string;
  readonly fileName: string;
}

const SIGNATURES: readonly (readonly [contentType: string, pattern: RegExp])[] = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG\r\n/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/tiff", /^(?:II\*\0|MM\0\*)/],
];

/** A file's name without the control signs for which a broker ends the connection. */
export function plainName(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cs}]/gu, "_").slice(-120);
}

/** Read the bytes and detect the format by the first bytes. A file name is not reliable. */
export async function read(
  photograph: Photograph,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly contentType: string }> {
  if (photograph.size > MAX_IMAGE_BYTES)
    throw new WireError("image_too_large", `A photo may have at most ${Math.floor(MAX_IMAGE_BYTES / 1e6)} MB.`);
  const bytes = new Uint8Array(await photograph.arrayBuffer().catch(unreadable));
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  const contentType = SIGNATURES.find(([, pattern]) => pattern.test(head))?.[0];
  if (!contentType) throw new WireError("not_an_image", "This file is no JPEG, PNG, WebP or TIFF photo.");
  return { bytes, contentType };
}

/** A file may lie in a cloud storage that does not answer, or may be gone. */
function unreadable(): never {
  throw new WireError(
    "unreadable_file",
    "This file cannot be read. If it lies in a cloud storage, load it onto this device first.",
  );
}
