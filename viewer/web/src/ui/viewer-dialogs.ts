/** What opens over the whole page? The full photograph, drawings, exports, the project, people, and the keys. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { Side } from "../render/view";
import { imageOf, neighbourOf } from "../scene/images";
import type { ProjectState } from "../scene/state";
import type { PageConfig } from "../wire/config";
import type { Credentials } from "../wire/credentials";
import type { CairnViewer } from "./cairn-viewer";
import type { PickerOptions } from "./overlay/project-picker";
import { t } from "./language/t";
import { need } from "./parts";
import { projectDialog } from "./overlay/project-picker";
import { sharingDialog } from "./overlay/sharing";
import { accountPart } from "./overlay/staying";

/** How much of a photograph lies over the object at first. */
const HALF = 0.5;

export class ViewerDialogs {
  private lastOpened: string | null = null;

  constructor(private readonly host: CairnViewer) {}

  /** Draw what is open. */
  open(config: PageConfig, project: ProjectState): TemplateResult {
    const { credentials, view } = this.host;
    return html`${view.isSharing ? this.sharing(config) : nothing} ${view.hasKeys ? this.keys() : nothing}
    ${view.isExporting ? this.exports(config, project) : nothing} ${this.opened(project)}
    ${view.hasViews ? this.views(config, project) : nothing}
    ${view.isChoosing && credentials ? this.switching(config, credentials) : nothing}`;
  }

  /** What the list of projects needs. */
  choosing(base: string, credentials: Credentials, onClose: () => void): PickerOptions {
    return {
      base,
      credentials,
      onClose,
      question: this.host.leaving.question(),
      onProject: (project) => {
        this.host.choose(project);
      },
      onRefused: (reason) => {
        this.host.closeAccount(reason, true);
      },
    };
  }

  private switching(config: PageConfig, credentials: Credentials): TemplateResult {
    const { host } = this;
    const onClose = (): void => {
      host.change({ isChoosing: false, unsentCount: null });
    };
    const onStaying = (stays: boolean): void => {
      host.isStaying = stays;
    };
    const account = accountPart(credentials, host.isStaying, onStaying, () => void host.leaving.logOut());
    return projectDialog({
      ...this.choosing(config.base, credentials, onClose),
      ...(config.needs_login ? { account } : {}),
    });
  }

  readonly missing = (): void => {
    this.host.toast.say(t("page.part_missing"), true);
  };

  private keys(): TemplateResult {
    const onDone = (): void => {
      this.host.change({ hasKeys: false });
    };
    need("keys", () => import("./overlay/keys"), this.missing);
    return html`<cairn-keys @done=${onDone}></cairn-keys>`;
  }

  private exports({ base }: PageConfig, project: ProjectState): TemplateResult {
    const { credentials, session, stage } = this.host;
    const onDone = (): void => {
      this.host.change({ isExporting: false });
    };
    need("exports", () => import("./exports/dialog"), this.missing);
    return html`<cairn-exports
      .base=${base}
      .credentials=${credentials}
      .follower=${session?.follower}
      .canMake=${project.rights.has("export")}
      .cloud=${() => stage?.cloud()}
      @done=${onDone}
    ></cairn-exports>`;
  }

  private views({ base }: PageConfig, project: ProjectState): TemplateResult {
    const { credentials, session } = this.host;
    const source = credentials && session && { access: { base, credentials }, further: session.follower.further };
    need("documentation", () => import("./documentation/element"), this.missing);
    const onDone = (): void => {
      this.host.change({ hasViews: false });
    };
    return html`<cairn-documentation
      .project=${project}
      .stage=${this.host.stage}
      .source=${source}
      @side=${({ detail }: CustomEvent<Side>) => {
        this.host.commands.use(detail);
      }}
      @done=${onDone}
    ></cairn-documentation>`;
  }

  /** The photograph that fills the screen. */
  private opened(project: ProjectState): TemplateResult | typeof nothing {
    const { opened } = this.host.view;
    if (opened !== null && opened !== this.lastOpened) this.host.session?.photographs.forgetMissing(opened);
    this.lastOpened = opened;
    const image = opened === null ? null : imageOf(project.images, opened);
    if (image === null) return nothing;
    need("photo", () => import("./overlay/photo-viewer"), this.missing);
    const neighbour = (step: 1 | -1): string | null => neighbourOf(project.images, image.imageId, step);
    return html`<cairn-photo-viewer
      .image=${image}
      .thumbnail=${project.thumbnails.get(image.imageId) ?? null}
      .whole=${this.host.session?.photographs.want(image.imageId, image.hasOriginal) ?? "missing"}
      .hasPrevious=${neighbour(-1) !== null}
      .hasNext=${neighbour(1) !== null}
      @close=${() => {
        this.host.change({ opened: null });
      }}
      @turn=${(event: CustomEvent<1 | -1>) => {
        const next = neighbour(event.detail) ?? image.imageId;
        this.host.change({ opened: next, selected: next, laidOver: null });
      }}
      @lay-over=${() => {
        this.host.change({ opened: null, selected: image.imageId, laidOver: HALF });
        this.host.stage?.visit(image.imageId);
      }}
    ></cairn-photo-viewer>`;
  }

  private sharing({ base, needs_login: needsLogin }: PageConfig): TemplateResult | typeof nothing {
    const { credentials, view } = this.host;
    if (!credentials) return nothing;
    const onClose = (): void => {
      this.host.change({ isSharing: false });
    };
    const { canInvite } = view;
    return sharingDialog({ base, credentials, canInvite, needsLogin, onClose, onMissing: this.missing });
  }
}
