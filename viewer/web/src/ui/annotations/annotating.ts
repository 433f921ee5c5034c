/** How do measures and notes come onto the page? They are kept as they come; the code for them is loaded with the first. */
import { LeftByPeople } from "../../scene/annotations/left";
import type { FurtherChannels } from "../../scene/further";
import type { CairnViewer } from "../cairn-viewer";
import { AGAIN_MS } from "../parts";
import type { AnnotationEditor } from "./editor";

export class Annotating {
  editor: AnnotationEditor | null = null;
  private isLoading = false;
  readonly left = new LeftByPeople(
    () => {
      if (this.editor) this.editor.changed();
      else if (this.left.messages.size > 0) void this.load();
    },
    () => this.host.project?.link.kind === "connected",
  );

  constructor(private readonly host: CairnViewer) {}

  /** Receive what people leave in the project of this connection. */
  follow(further: FurtherChannels): void {
    const begin = (): void => {
      this.left.renew();
    };
    this.left.forget();
    for (const channel of ["measure", "note"] as const)
      further.follow(
        channel,
        (payload, match) => {
          this.left.receive(channel, match, payload);
        },
        begin,
      );
  }

  /** Load what shows and changes them. Where that fails, `onMissing` is called, and a later message or tap tries again. */
  async load(onMissing: () => void = () => undefined): Promise<void> {
    if (this.editor || this.isLoading) return;
    this.isLoading = true;
    try {
      const { AnnotationEditor: Editor, loadWords } = await import("./editor");
      await loadWords();
      this.editor = new Editor(this.host, this.left);
      this.host.requestUpdate();
      this.isLoading = false;
    } catch {
      onMissing(); // what came is kept
      setTimeout(() => {
        this.isLoading = false;
      }, AGAIN_MS);
    }
  }
}
