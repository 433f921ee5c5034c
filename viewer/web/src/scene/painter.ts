/** What is a painter? A function that colours the points of a shard by something else than their photographs. */
import type { MeasuredCloud } from "./spacing";
import type { WantedShard } from "./wanted";

/** Returns red, green, blue and the unchanged size of every point in a new array: 4N uint8. */
export type Painter = (shard: WantedShard, measured: MeasuredCloud) => Uint8Array<ArrayBuffer>;
