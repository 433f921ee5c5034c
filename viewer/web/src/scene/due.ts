/** What is due on a connection, and when? The end of the history, a word about silence, and pings. Pure. */

/** The history comes whole after every few events; so long it closes the gap to the first event that comes by itself. */
export const HISTORY_MS = 5000;
export const SILENCE_MS = 2000;
export const PING_EVERY_MS = 20_000;

export type Due = "history_ends" | "silence" | "ping";

export class DueTimes {
  private connectedAtMs = 0;
  private lastPingAtMs = 0;
  private isHistoryOpen = false;

  /** Start over on a new connection, on which the history is followed and a ping was sent. */
  connected(nowMs: number): void {
    [this.connectedAtMs, this.lastPingAtMs, this.isHistoryOpen] = [nowMs, nowMs, true];
  }

  /** List what is due now. Silence is due again and again, as long as nothing was heard. */
  due(nowMs: number, isHeard: boolean): readonly Due[] {
    const due: Due[] = [];
    if (this.isHistoryOpen && nowMs - this.connectedAtMs > HISTORY_MS) {
      this.isHistoryOpen = false;
      due.push("history_ends");
    }
    if (!isHeard && nowMs - this.connectedAtMs > SILENCE_MS) due.push("silence");
    if (nowMs - this.lastPingAtMs >= PING_EVERY_MS) {
      this.lastPingAtMs = nowMs;
      due.push("ping");
    }
    return due;
  }
}
