/** Which pieces of a large photograph are sent next? The missing byte ranges, cut to a fixed size. Pure. */
import type { ByteRange } from "../../wire/contract";

/** The largest photograph that goes in one message. Below it, pieces cost more round trips than they save. */
export const SINGLE_BYTES = 512 * 1024;
/** The size of a piece: small enough to show progress on a weak network, large enough to hide round trips. */
export const PIECE_BYTES = 128 * 1024;
/** On a slow link a piece is smaller, so that the preview of a new photograph need not wait long for its turn. */
const LEAST_PIECE_BYTES = 16 * 1024;
const PIECE_S = 2;

/** The size of a piece on a link of this rate; null when it is unknown. */
export function pieceBytesAt(bytesPerS: number | null): number {
  if (bytesPerS === null) return PIECE_BYTES;
  return Math.round(Math.min(PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, PIECE_S * bytesPerS)));
}

/** Cut the missing ranges into pieces. Bytes beyond the end of the photograph are dropped. */
export function piecesOf(
  ranges: readonly ByteRange[],
  sizeBytes: number,
  pieceBytes = PIECE_BYTES,
): readonly ByteRange[] {
  return ranges.flatMap((range) => {
    const end = Math.min(range.end, sizeBytes);
    const count = Math.max(0, Math.ceil((end - range.begin) / pieceBytes));
    return Array.from({ length: count }, (_, index) => {
      const begin = range.begin + index * pieceBytes;
      return { begin, end: Math.min(end, begin + pieceBytes) };
    });
  });
}

/** The number of bytes that the reconstructor has when these ranges are missing. */
export function heldBytes(missing: readonly ByteRange[], sizeBytes: number): number {
  const lacking = missing.reduce(
    (sum, { begin, end }) => sum + Math.max(0, Math.min(end, sizeBytes) - Math.min(begin, sizeBytes)),
    0,
  );
  return Math.max(0, sizeBytes - lacking);
}
