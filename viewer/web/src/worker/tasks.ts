/** Which messages do the page and its workers exchange? A task and its result. */
import type { MeasuredCloud } from "../scene/spacing";
import type { EncodedShard } from "../wire/contract";
import type { WireError } from "../wire/errors";
import type { Preview } from "../wire/photographs/preview";

export interface DecodeTask {
  readonly id: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly encoded: EncodedShard;
  readonly pointCount: number;
}

export type DecodeAnswer =
  | { readonly id: number; readonly measured: MeasuredCloud }
  | { readonly id: number; readonly code: WireError["code"]; readonly reason: string };

export interface PreviewTask {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly maxSidePx: number;
}

/** Without a preview, the photograph goes alone. */
export interface PreviewAnswer {
  readonly id: number;
  readonly preview: Preview | null;
}
