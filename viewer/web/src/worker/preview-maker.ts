/** Who makes the previews of a page? One worker, started for the first photograph. */
import type { Preview } from "../wire/photographs/preview";
import { startPreviewer } from "./start";
import type { PreviewAnswer, PreviewTask } from "./tasks";

const PATIENCE_MS = 20_000;

/** Makes previews one after the other. A browser that cannot make them sends photographs without one. */
export class PreviewMaker {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, (preview: Preview | null) => void>();
  private taskCount = 0;

  /** Make a preview; null when there is none. The bytes are transferred to the worker. */
  make(bytes: Uint8Array<ArrayBuffer>, contentType: string, maxSidePx: number): Promise<Preview | null> {
    if (typeof OffscreenCanvas === "undefined") return Promise.resolve(null);
    this.worker ??= this.start();
    const id = this.taskCount;
    this.taskCount += 1;
    const task: PreviewTask = { id, bytes, contentType, maxSidePx };
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      setTimeout(() => {
        this.settle({ id, preview: null });
      }, PATIENCE_MS);
      this.worker?.postMessage(task, [bytes.buffer]);
    });
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const id of this.waiting.keys()) this.settle({ id, preview: null });
  }

  private start(): Worker {
    const worker = startPreviewer();
    worker.addEventListener("message", ({ data }: MessageEvent<PreviewAnswer>) => {
      this.settle(data);
    });
    worker.addEventListener("error", () => {
      this.close();
    });
    return worker;
  }

  private settle({ id, preview }: PreviewAnswer): void {
    this.waiting.get(id)?.(preview);
    this.waiting.delete(id);
  }
}
