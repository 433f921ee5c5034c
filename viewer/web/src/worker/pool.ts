/** How are shards spread over the decoders? A pool of workers, each of which gets the next shard when it is free. */
import type { MeasuredCloud } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import { WireError } from "../wire/errors";
import { startDecoder } from "./start";
import type { DecodeAnswer, DecodeTask } from "./tasks";

interface Waiting {
  readonly resolve: (measured: MeasuredCloud) => void;
  readonly reject: (error: WireError) => void;
}

const MOST_WORKERS = 2;

export class DecoderPool {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, Waiting>();
  private taskCount = 0;

  constructor() {
    const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency - 1));
    this.workers = Array.from({ length: count }, () => this.start());
  }

  /** Decode in a worker. The payload's buffer is transferred to it. */
  decode(payload: Uint8Array<ArrayBuffer>, shard: WantedShard): Promise<MeasuredCloud> {
    const id = this.taskCount;
    this.taskCount += 1;
    const task: DecodeTask = { id, payload, encoded: shard.encoded, pointCount: shard.entry.point_count };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.workers[id % this.workers.length]?.postMessage(task, [payload.buffer]);
    });
  }

  close(): void {
    for (const worker of this.workers) worker.terminate();
  }

  private start(): Worker {
    const worker = startDecoder();
    worker.addEventListener("message", ({ data }: MessageEvent<DecodeAnswer>) => {
      this.settle(data);
    });
    return worker;
  }

  private settle(answer: DecodeAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ("measured" in answer) waiting?.resolve(answer.measured);
    else waiting?.reject(new WireError(answer.code, answer.reason));
  }
}
