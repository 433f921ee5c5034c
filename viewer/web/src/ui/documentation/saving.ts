/** What is being saved? One sheet or one film at a time, with its progress and what went wrong. */
import { errorWords, t } from "../language/t";
import { part } from "../parts";
import { offer } from "../saving/saving";
import type { Documentation } from "./element";
import { saveSheet } from "./save-sheet";

export class Saving {
  /** The share of a sheet that is drawn; null: none is being drawn. */
  progress: number | null = null;
  failure: string | null = null;
  filming: { readonly done: number; readonly total: number } | null = null;
  filmAddress: string | null = null;
  private isStopped = false;

  constructor(private readonly host: Documentation) {}

  /** Draw the sheet and offer it as a file. */
  async sheet(kind: "png" | "pdf"): Promise<void> {
    const { direction, drawing, frame, seen, sheet, snapshot } = this.host;
    const metresPerUnit = frame?.metres_per_unit ?? null;
    if (!drawing || !frame || !seen || !sheet || !snapshot || metresPerUnit === null || this.progress !== null) return;
    this.failure = null;
    const tell = (doneRatio: number): void => {
      this.progress = doneRatio;
      this.host.requestUpdate();
    };
    tell(0);
    try {
      const pixels = await drawing.sheet(seen, [seen.box.low[0], seen.box.high[1]], sheet, metresPerUnit, tell);
      if (!this.host.isConnected) return; // closed meanwhile
      if (!pixels) throw new Error(t("trouble.context_lost"));
      await saveSheet(kind, pixels, { ...snapshot, frame, direction, sheet });
    } catch (thrown) {
      this.failure = errorWords(thrown);
    }
    this.progress = null;
    this.host.requestDraw();
    this.host.requestUpdate();
  }

  async film(): Promise<void> {
    const { project, snapshot } = this.host;
    if (!snapshot || this.filming) return;
    const style = getComputedStyle(this.host);
    const colours = { ground: style.getPropertyValue("--ground"), ink: style.getPropertyValue("--ink") };
    const onFrame = (done: number, total: number): boolean => {
      this.filming = { done, total };
      this.host.requestUpdate();
      return !this.isStopped && this.host.isConnected;
    };
    [this.isStopped, this.failure] = [false, null];
    onFrame(0, 0);
    try {
      const { makeFilm } = await part(import("./film"));
      const film = await makeFilm({ snapshot, colours, onFrame });
      if (film && this.host.isConnected) {
        offer(film, `${project.project}.webm`);
        this.forget();
        this.filmAddress = URL.createObjectURL(film);
      }
    } catch (thrown) {
      this.failure = errorWords(thrown);
    }
    this.filming = null;
    this.host.requestUpdate();
  }

  readonly stop = (): void => {
    this.isStopped = true;
  };

  forget(): void {
    if (this.filmAddress !== null) URL.revokeObjectURL(this.filmAddress);
    this.filmAddress = null;
  }
}
