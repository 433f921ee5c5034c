/** How does the worker decode a shard? It verifies, decodes and measures one at a time, off the main thread. */
import { measure } from "../scene/spacing";
import { WireError, sentenceOf } from "../wire/errors";
import { decodeShard } from "../wire/clouds/shard";
import type { DecodeAnswer, DecodeTask } from "./tasks";

interface WorkerScope {
  postMessage(answer: DecodeAnswer, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<DecodeTask>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.addEventListener("message", ({ data }) => {
  void answer(data);
});

async function answer({ encoded, id, payload, pointCount }: DecodeTask): Promise<void> {
  try {
    const measured = measure(await decodeShard(payload, encoded, pointCount));
    scope.postMessage({ id, measured }, [measured.pointsInWorld.buffer, measured.tintsAndSizes.buffer]);
  } catch (thrown) {
    const code = thrown instanceof WireError ? thrown.code : "bad_shard";
    scope.postMessage({ id, code, reason: sentenceOf(thrown) });
  }
}
