/** How are shards spread over the decoders? A pool of workers, each of which gets the next shard when it is free. */
import type { MeasuredCloud } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import { WireError } from "../wire/errors";
import { startDecoder } from "./start";
import type { DecodeAnswer, DecodeTask } from "./tasks";

interface Waiting {
  readonly worker: Worker;
  readonly resolve: (measured: MeasuredCloud) => void;
  readonly reject: (error: WireError) => void;
}

const MOST_WORKERS = 2;

export class DecoderPool {
  /** A worker that ended is null; the next shard for its place starts another one. */
  private readonly workers: (Worker | null)[];
  private readonly waiting = new Map<number, Waiting>();
  private taskCount = 0;
  private isClosed = false;

  constructor() {
    const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency - 1));
    this.workers = Array.from({ length: count }, (_, place) => this.start(place));
  }

  /** Decode in a worker. The payload's buffer is transferred to it. Rejects when the worker ends meanwhile. */
  decode(payload: Uint8Array<ArrayBuffer>, shard: WantedShard): Promise<MeasuredCloud> {
    if (this.isClosed) return Promise.reject(new WireError("bad_shard", "The project was left."));
    const id = this.taskCount;
    this.taskCount += 1;
    const task: DecodeTask = { id, payload, encoded: shard.encoded, pointCount: shard.entry.point_count };
    return new Promise((resolve, reject) => {
      const place = id % this.workers.length;
      const worker = (this.workers[place] ??= this.start(place));
      this.waiting.set(id, { worker, resolve, reject });
      worker.postMessage(task, [payload.buffer]);
    });
  }

  close(): void {
    this.isClosed = true;
    for (const worker of this.workers) worker?.terminate();
  }

  private start(place: number): Worker {
    const worker = startDecoder();
    worker.addEventListener("message", ({ data }: MessageEvent<DecodeAnswer>) => {
      this.settle(data);
    });
    worker.addEventListener("error", () => {
      this.drop(worker, place);
    });
    return worker;
  }

  /** A worker whose code did not load, or that ran out of memory, never answers: its shards are to be loaded again. */
  private drop(worker: Worker, place: number): void {
    worker.terminate();
    if (this.workers[place] === worker) this.workers[place] = null;
    for (const [id, waiting] of this.waiting)
      if (waiting.worker === worker)
        this.settle({ id, code: "bad_shard", reason: "The decoder of the points has ended." });
  }

  private settle(answer: DecodeAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ("measured" in answer) waiting?.resolve(answer.measured);
    else waiting?.reject(new WireError(answer.code, answer.reason));
  }
}
