/** Which projects can this account see? A list with their states, fetched again every 5 seconds. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { WireError } from "../../wire/errors";
import type { Credentials } from "../../wire/credentials";
import type { ProjectStatus } from "../../wire/projects";
import { fetchProjects } from "../../wire/projects";
import { points, versionWords } from "../format";
import type { PlainKey } from "../language/table";
import { errorWords, t } from "../language/t";
import { nextIcon } from "../icons";
import { titleOf } from "../summary";
import { sharedParts } from "../theme";
import { LocalizedElement } from "../language/localized";

const AGAIN_MS = 5000;
const STANDING: Readonly<Record<string, readonly [key: PlainKey, tone: string]>> = {
  ready: ["chip.waiting", "good"],
  paused: ["chip.paused", "busy"],
  disk_full: ["chip.disk_full", "bad"],
  offline: ["chip.offline", "bad"],
};

@customElement("cairn-projects")
export class Projects extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    css`
      :host {
        display: block;
        width: min(440px, calc(100vw - 100px));
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: 8px;
        max-height: min(60vh, 480px);
        overflow-y: auto;
        scrollbar-width: thin;
      }
      button {
        width: 100%;
        min-height: 68px;
        padding: 10px 14px 10px 18px;
        gap: 14px;
        justify-content: flex-start;
        text-align: left;
        border: 1px solid var(--line-strong);
        border-radius: 16px;
      }
      button[aria-current="true"] {
        border-color: var(--accent);
      }
      .texts {
        flex: 1;
        min-width: 0;
      }
      .name {
        font: 600 1.1rem/1.3 var(--serif);
        overflow-wrap: anywhere;
      }
      .soft {
        color: var(--ink-soft);
        font-size: 0.86rem;
        line-height: 1.4;
      }
      .standing {
        font-size: 0.84rem;
        font-weight: 550;
        white-space: nowrap;
      }
      .good {
        color: var(--good);
      }
      .busy {
        color: var(--busy);
      }
      .bad {
        color: var(--bad);
      }
      p {
        text-align: center;
        line-height: 1.5;
      }
    `,
  ];

  @property({ attribute: false }) base!: string;
  @property({ attribute: false }) credentials!: Credentials;

  @state() private projects: readonly ProjectStatus[] | null = null;
  @state() private trouble: string | null = null;

  private timer = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.ask();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  override render(): TemplateResult {
    const { projects, trouble } = this;
    return html`${trouble === null ? nothing : html`<p class="bad" role="alert">${trouble}</p>`}
    ${
      projects === null
        ? html`<p class="soft">${trouble === null ? t("projects.loading") : nothing}</p>`
        : projects.length === 0
          ? html`<p class="soft">${t("projects.none")}</p>`
          : html`<ul data-testid="projects">
              ${projects.map((each) => html`<li>${this.entry(each)}</li>`)}
            </ul>`
    }`;
  }

  private entry({
    cloud,
    image_count: images,
    is_stale: isStale,
    project,
    reconstructor,
    title,
  }: ProjectStatus): TemplateResult {
    const [key, tone] = (isStale ? null : STANDING[reconstructor]) ?? (["projects.unknown", "bad"] as const);
    const figures = [
      t("images", { count: images }),
      cloud ? points(cloud.point_count) : t("projects.no_points"),
      ...(cloud ? [versionWords(cloud.generation)] : []),
    ];
    return html`<button
      data-project=${project}
      aria-current=${project === this.credentials.project}
      @click=${() => {
        this.tell("project", project);
      }}
    >
      <span class="texts">
        <span class="name">${titleOf(project, title)}</span><br /><span class="soft">${figures.join(" · ")}</span>
      </span>
      <span class="standing ${tone}">${t(key)}</span>${nextIcon}
    </button>`;
  }

  private async ask(): Promise<void> {
    try {
      this.projects = await fetchProjects(this.base, this.credentials);
      this.trouble = null;
    } catch (thrown) {
      this.trouble = errorWords(thrown);
      if (thrown instanceof WireError && thrown.code === "not_allowed") this.tell("refused", this.trouble);
    }
    if (this.isConnected)
      this.timer = window.setTimeout(() => {
        void this.ask();
      }, AGAIN_MS);
  }

  private tell(name: "project" | "refused", detail: string): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
