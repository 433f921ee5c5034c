/** Does the screen stay on while photographs are sent? A phone that sleeps stops sending. */
import type { ProjectState } from "../scene/state";
import { isOver } from "../scene/uploading/uploads";

export class Awake {
  private held: Promise<WakeLockSentinel | null> | null = null;

  /** Hold the screen as long as a photograph is on its way. The browser lets go of it when the page is hidden. */
  follow({ link, uploads }: Pick<ProjectState, "link" | "uploads">): void {
    const isSending =
      link.kind === "connected" && uploads.some((upload) => !isOver(upload) && upload.state !== "waiting");
    if (!isSending) this.release();
    else if (this.held === null && document.visibilityState === "visible") this.ask();
  }

  release(): void {
    void this.held?.then((lock) => {
      if (!lock) return;
      lock.onrelease = null; // it may end after another was asked for
      void lock.release();
    });
    this.held = null;
  }

  private ask(): void {
    const asked = this.hold();
    this.held = asked;
    void asked.then((lock) => {
      if (!lock && this.held === asked) this.held = null; // it is asked for again
    });
  }

  private async hold(): Promise<WakeLockSentinel | null> {
    if (!("wakeLock" in navigator)) return null; // over plain http
    try {
      const lock = await navigator.wakeLock.request("screen");
      lock.onrelease = () => {
        this.held = null;
      };
      return lock;
    } catch {
      return null; // the battery is low
    }
  }
}
