/** How far is the export that this page asked for? It is followed until it ends, also while the dialog is closed. */
import type { Follower } from "../../scene/follower";
import type { ExportFormat, Response } from "../../wire/contract";
import type { ReadMessage } from "../../wire/messages";

/** Without a word for this long, another export may be asked for. */
const LOST_MS = 5 * 60_000;

interface Running {
  readonly id: string | null;
  readonly format: ExportFormat;
  /** The files that were there when it was asked for; null until the list has come. */
  readonly known: ReadonlySet<string> | null;
  readonly stage: string | null;
  readonly ratio: number;
  /** When it was heard of, in milliseconds of the monotonic clock. */
  readonly heardMs: number;
}

export class AskedExport {
  running: Running | null = null;
  /** The end of the last one, until the dialog has shown it. */
  ended: { readonly format: ExportFormat; readonly answer: Response } | null = null;
  onChange: (() => void) | null = null;
  /** Answers that came before the id of their request was known. */
  private readonly early = new Map<string, Response>();

  /** Whether its answer was probably lost, with the connection or with the reconstructor. */
  get isLost(): boolean {
    return this.running !== null && performance.now() - this.running.heardMs > LOST_MS;
  }

  begin(format: ExportFormat, known: ReadonlySet<string> | null): void {
    this.early.clear();
    this.ended = null;
    this.running = { id: null, format, known, stage: null, ratio: 0, heardMs: performance.now() };
  }

  /** The broker has the request, and this is its id. */
  accept(id: string): void {
    if (!this.running) return;
    this.running = { ...this.running, id };
    const answer = this.early.get(id);
    if (answer) this.end(this.running, answer);
  }

  readonly hear = (message: ReadMessage): void => {
    const { running } = this;
    if (!running) return;
    if (message.type === "progress" && message.request_id !== null && message.request_id === running.id)
      this.running = { ...running, stage: message.stage, ratio: message.done_ratio, heardMs: performance.now() };
    else if (message.type !== "response" || message.verb !== "export") return;
    else if (message.id === running.id) this.end(running, message);
    else if (running.id === null) this.early.set(message.id, message);
    this.onChange?.();
  };

  private end({ format }: Running, answer: Response): void {
    [this.running, this.ended] = [null, { format, answer }];
  }
}

const askedBySession = new WeakMap<Follower, AskedExport>();

/** The export of a session. */
export function askedBy(follower: Follower): AskedExport {
  const known = askedBySession.get(follower);
  if (known) return known;
  const asked = new AskedExport();
  askedBySession.set(follower, asked);
  return asked;
}
