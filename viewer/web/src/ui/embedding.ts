/** How does `<cairn-viewer>` work on another page? It fetches its settings from `server`, and tells what happens as events. */
import type { ReactiveController } from "lit";

import type { ErrorDetail, LoadDetail } from "../elements-types";
import { pointCount } from "../scene/reference";
import { fetchConfig, firstProject } from "../wire/config";
import { WireError, sentenceOf } from "../wire/errors";
import type { CairnViewer } from "./cairn-viewer";
import { useLanguageOfPage } from "./language/language";
import { t } from "./language/t";

const RETRY_MS = 3000;

export class Embedding implements ReactiveController {
  /** Why there are no settings yet. */
  waiting = "";
  private server: string | null = null;
  /** Counts the searches for settings; only the newest one goes on. */
  private search = 0;
  private shown = "";
  private said = "";

  constructor(private readonly host: CairnViewer) {
    host.addController(this);
  }

  hostConnected(): void {
    if (this.host.config === null) this.server = null;
    if (this.host.hasUpdated) this.host.requestUpdate("config"); // it was moved to another place of the page
  }

  hostUpdate(): void {
    const { config, isConnected, server } = this.host;
    if (!isConnected || this.server === server) return;
    const isGiven = config !== null && this.server === null;
    this.server = server;
    if (config !== null && !isGiven) [this.host.config, this.host.credentials] = [null, null]; // of another server
    if (!isGiven) void this.begin(server);
  }

  hostUpdated(): void {
    const { config, project, refusal, view } = this.host;
    if (config === null) return;
    const shown = project?.scene.shown ?? null;
    const count = pointCount(shown);
    const now = project && shown && count > 0 ? `${project.project}/${shown.manifest.generation}` : "";
    if (project && now !== "" && now !== this.shown) this.tell("load", { pointCount: count, project: project.project });
    this.shown = now;
    if (refusal !== null) this.complain("login_refused", refusal);
    else if (project?.trouble) this.complain(project.trouble.code, project.trouble.reason);
    else if (view.trouble) this.complain(view.trouble, t(`trouble.${view.trouble}`));
    else this.said = "";
  }

  /** Fetch the settings until they come. A server without logins is entered at once. */
  private async begin(server: string): Promise<void> {
    void useLanguageOfPage();
    const base = new URL(server === "" || server.endsWith("/") ? server : `${server}/`, document.baseURI).href;
    const search = (this.search += 1);
    while (this.host.isConnected && this.search === search)
      try {
        const config = await fetchConfig(base);
        if (this.search !== search) return;
        const { first } = this.host;
        const project = first === "" ? firstProject("", config.projects) : first;
        this.waiting = "";
        this.host.credentials ??= config.needs_login ? null : { user: "guest", password: "", project };
        this.host.config = config;
        return;
      } catch (thrown) {
        this.waiting = t("page.no_answer");
        this.complain(thrown instanceof WireError ? thrown.code : "bad_config", sentenceOf(thrown));
        this.host.requestUpdate();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
  }

  /** Tell each trouble once. */
  private complain(code: string, message: string): void {
    if (this.said === code + message) return;
    this.said = code + message;
    this.tell("error", { code, message });
  }

  private tell(name: "load" | "error", detail: LoadDetail | ErrorDetail): void {
    this.host.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
