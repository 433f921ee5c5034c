/** What do tools and buttons do? Commands that change the page or send a request, with the result in a toast. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { ProjectState } from "../scene/state";
import { widened } from "../scene/wanted";
import type { Verb } from "../wire/contract";
import type { BannerAction } from "./overlay/banner";
import type { Toast } from "./overlay/toast";
import type { Tab } from "./panels/panel";
import type { Session } from "./session";
import type { StageElement } from "./stage/stage-element";
import type { Theme } from "./theme";
import { THEMES } from "./theme";
import type { Tool } from "./tools";
import { SHORTCUTS } from "./tools";
import type { ViewerState } from "./viewer-state";
import { CLOSED_CARDS, act } from "./viewer-state";
import { errorWords, t } from "./language/t";

/** Dialogs that are open. An element with a dialog is there as long as that is open, unless its code does not load. */
const DIALOGS =
  "dialog[open], cairn-keys:defined, cairn-exports:defined, cairn-documentation:defined, cairn-photo-viewer:defined";

/** What a button asks the reconstructor for; photographs come by the page server, exports have a dialog. */
export type Asked = Exclude<Verb, "photograph" | "earlier" | "export">;

/** The part of the element that the commands use. */
export interface CommandHost extends ReactiveControllerHost {
  theme: Theme;
  readonly session: Session | null;
  readonly project: ProjectState | null;
  readonly stage: StageElement | null;
  readonly renderRoot: HTMLElement | DocumentFragment;
  readonly toast: Toast;
  view: ViewerState;
  change(change: Partial<ViewerState>): void;
  openSharing(): Promise<void>;
}

export class ViewerCommands implements ReactiveController {
  constructor(private readonly host: CommandHost & HTMLElement) {
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener("keydown", this.press);
  }

  hostDisconnected(): void {
    window.removeEventListener("keydown", this.press);
  }

  /** Use a tool of the toolbar or its key. */
  use(tool: Tool): void {
    const { host } = this;
    host.view = act(host.view, tool);
    if (tool === "fit") host.stage?.fit();
    if (tool === "front" || tool === "side" || tool === "top") host.stage?.lookFrom(tool);
    if (tool === "image") void this.saveImage();
    if (tool === "invite") void host.openSharing();
    if (tool === "theme") host.theme = THEMES[(THEMES.indexOf(host.theme) + 1) % THEMES.length] ?? "dark";
  }

  /** Use the tool of a key, or let go of what is selected. */
  private readonly press = (event: KeyboardEvent): void => {
    const { host } = this;
    const path = event.composedPath();
    const isTyping = path[0] instanceof Element && path[0].matches('textarea, select, input:not([type="range"])');
    // On a fresh page nothing has the focus; beside other parts of a page, only its own keys count.
    const isWhole = Math.abs(host.clientHeight - innerHeight) <= 1; // `clientHeight` is rounded where pixels are zoomed
    const isOurs = path.includes(host) || (event.target === document.body && isWhole);
    if (!isOurs || isTyping || event.ctrlKey || event.metaKey || event.altKey || !host.project) return;
    const isInDialog = path.slice(0, path.indexOf(host)).some((at) => at instanceof HTMLDialogElement && at.open);
    // A tap on words in a dialog takes the focus from it: the key comes from the page then.
    if (isInDialog || host.renderRoot.querySelector(DIALOGS)) return;
    if (event.key === "Escape") host.change(CLOSED_CARDS);
    const tool = SHORTCUTS[event.key.toLowerCase()];
    if (!tool) return;
    event.preventDefault();
    this.use(tool);
  };

  /** Run the action of a banner's button. */
  respond(action: BannerAction): void {
    const { session } = this.host;
    switch (action) {
      case "reconnect":
        session?.follower.retry();
        break;
      case "ping":
      case "resync":
        this.ask(action);
        break;
      default:
        this.open(action);
    }
  }

  /** Load twice as many points as this kind of device shows at first. */
  showMorePoints(): void {
    const { project, session } = this.host;
    if (project) session?.follower.dispatch({ kind: "budget", budget: widened(project.scene.budget) });
  }

  ask(verb: Asked): void {
    const { session, toast } = this.host;
    const asked = verb === "resync" ? session?.follower.resync() : session?.follower.request(verb);
    asked?.then(
      () => {
        toast.say(t(`asked.${verb}`));
      },
      (thrown: unknown) => {
        toast.say(errorWords(thrown), true);
      },
    );
  }

  /** Set the scale for every viewer; null removes it. */
  async setScale(distanceM: number | null): Promise<void> {
    const { session, stage, toast } = this.host;
    const ends = stage?.measured ?? null;
    if (distanceM !== null && !ends) return;
    try {
      await session?.follower.setScale(ends && distanceM !== null ? { ...ends, distanceM } : null);
      this.host.change({ scaleRefusal: null });
      toast.say(t(distanceM === null ? "measure.removed" : "measure.done"));
    } catch (thrown) {
      this.host.change({ scaleRefusal: errorWords(thrown) });
    }
  }

  open(tab: Tab): void {
    this.host.change({ tab, isPanelOpen: true });
  }

  private async saveImage(): Promise<void> {
    const { project, stage, toast } = this.host;
    if (!project || !stage) return;
    try {
      const { saveImage } = await import("./saving/saved-image"); // few save one: loaded when it is needed
      await saveImage(stage, project, getComputedStyle(this.host));
    } catch {
      toast.say(t("tool.image.failed"), true); // without memory for it, or without graphics
    }
  }
}
