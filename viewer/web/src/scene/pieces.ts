/** Which pieces of a large photograph are sent next, and how much of it is there? Pure. */
import type { ByteRange } from "../wire/contract";

/** Photographs up to this size go in one message: it is the smallest that is worth a conversation. */
export const SINGLE_BYTES = 512 * 1024;
/** Small enough that a phone on a weak network shows progress, large enough that round trips do not count. */
export const PIECE_BYTES = 128 * 1024;

/** The ranges cut into pieces; what lies beyond the photograph's end is not sent. */
export function piecesOf(ranges: readonly ByteRange[], sizeBytes: number): readonly ByteRange[] {
  return ranges.flatMap((range) => {
    const end = Math.min(range.end, sizeBytes);
    const count = Math.max(0, Math.ceil((end - range.begin) / PIECE_BYTES));
    return Array.from({ length: count }, (_, index) => {
      const begin = range.begin + index * PIECE_BYTES;
      return { begin, end: Math.min(end, begin + PIECE_BYTES) };
    });
  });
}

/** How many bytes the other side has, when these ranges are missing. */
export function heldBytes(missing: readonly ByteRange[], sizeBytes: number): number {
  const lacking = missing.reduce(
    (sum, { begin, end }) => sum + Math.max(0, Math.min(end, sizeBytes) - Math.min(begin, sizeBytes)),
    0,
  );
  return Math.max(0, sizeBytes - lacking);
}
