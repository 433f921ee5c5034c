/** How do measures and notes come onto the page? They are kept as they come; the code for them is loaded with the first. */
import { LeftByPeople } from "../../scene/annotations/left";
import type { CairnViewer } from "../cairn-viewer";
import type { AnnotationDesk } from "./desk";

export class Annotating {
  desk: AnnotationDesk | null = null;
  private isLoading = false;
  readonly left = new LeftByPeople(() => {
    if (this.desk) this.desk.changed();
    else if (this.left.messages.size > 0) void this.load();
  });

  constructor(private readonly host: CairnViewer) {}

  /** Load what shows and changes them. Without the network the next message or tap tries again. */
  async load(): Promise<void> {
    if (this.desk || this.isLoading) return;
    this.isLoading = true;
    try {
      const { AnnotationDesk: Desk, loadWords } = await import("./desk");
      await loadWords();
      this.desk = new Desk(this.host, this.left);
      this.host.requestUpdate();
    } catch {
      // A page that is offline keeps what came.
    }
    this.isLoading = false;
  }
}
