/** Which messages do the page and its decoding worker exchange? A task and its result. */
import type { MeasuredCloud } from "../scene/spacing";
import type { EncodedShard } from "../wire/contract";
import type { WireError } from "../wire/errors";

export interface DecodeTask {
  readonly id: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly encoded: EncodedShard;
  readonly pointCount: number;
}

export type DecodeAnswer =
  | { readonly id: number; readonly measured: MeasuredCloud }
  | { readonly id: number; readonly code: WireError["code"]; readonly reason: string };
