/** What is shown around the object? Templates of header, tools, banner, cards and sheet. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { imageOf, neighbourOf } from "../scene/images";
import { pointCount } from "../scene/reference";
import type { ProjectState } from "../scene/state";
import type { Photograph } from "../scene/uploading/photographs";
import type { PageConfig } from "../wire/config";
import type { Credentials } from "../wire/credentials";
import type { CairnViewer } from "./cairn-viewer";
import { coverage } from "./overlay/coverage";
import { header } from "./header";
import { banner } from "./overlay/banner";
import { emptyState } from "./overlay/empty-state";
import "./overlay/login";
import type { Entry } from "./overlay/login-styles";
import type { PickerOptions } from "./overlay/project-picker";
import { projectDialog, projectPicker } from "./overlay/project-picker";
import { sharingDialog } from "./overlay/sharing";
import { imageCard, measurement } from "./overlay/side-card";
import { accountPart } from "./overlay/staying";
import "./overlay/welcome";
import "./panels/sheet";
import { announcementOf } from "./summary";
import type { Tools } from "./tools";

/** How much of a photograph lies over the object at first. */
const HALF = 0.5;

export class ViewerContent {
  private tried: Credentials | null = null;

  constructor(private readonly host: CairnViewer) {}

  /** Draw what belongs around the stage now. `waiting`: why there are no settings yet. */
  around(waiting: string): TemplateResult {
    const { config, credentials, project } = this.host;
    if (config === null) return html`<p class="middle" role="status">${waiting}</p>`;
    if (credentials === null) return this.login(config);
    if (project) return this.content(config, project);
    const onClose = (): void => {
      this.host.credentials = null;
    };
    return projectPicker(this.choosing(config.base, credentials, onClose));
  }

  private login(config: PageConfig): TemplateResult {
    const { first, invitation, isStaying, refusal } = this.host;
    const onLogin = ({ detail }: CustomEvent<Entry>): void => {
      this.tried = detail.credentials;
      if (isStaying !== null) this.host.isStaying = detail.stays;
      [this.host.refusal, this.host.invitation, this.host.credentials] = [null, null, detail.credentials];
    };
    const onRefused = (event: CustomEvent<string>): void => {
      [this.host.refusal, this.host.invitation] = [event.detail, null];
    };
    return html`<div class="middle">
      ${
        invitation
          ? html`<cairn-welcome
              .invitation=${invitation}
              .isStaying=${isStaying}
              @login=${onLogin}
              @refused=${onRefused}
            ></cairn-welcome>`
          : html`<cairn-login
              .projects=${config.projects}
              .first=${first}
              .tried=${refusal === null ? null : this.tried}
              .refusal=${refusal}
              .isStaying=${isStaying}
              @login=${onLogin}
            ></cairn-login>`
      }
    </div>`;
  }

  private content(config: PageConfig, project: ProjectState): TemplateResult {
    const { canInvite, isSharing, trouble } = this.host.view;
    const onLeave = (): void => {
      this.host.choose("");
    };
    const onStay = (): void => {
      this.host.change({ isChoosing: false });
    };
    const onRetry = (): void => {
      this.host.session?.follower.retry();
    };
    const onPhotos = (): void => {
      this.host.commands.open("photos");
    };
    const onInvite = canInvite ? () => void this.host.openSharing() : null;
    const onSwitch = (): void => void this.host.openSwitch();
    return html`${header(project, this.tools(project), trouble === "context_lost", config.projects.length === 1 && !config.needs_login ? null : onSwitch)}
      ${emptyState({ project, trouble, onInvite, onLeave, onRetry, onPhotos })} ${this.banner(project)}
      ${this.beside(project)} ${coverage(this.host, project)}
      <cairn-sheet
        .project=${project}
        .device=${this.host.stage?.figures}
        .tab=${this.host.view.tab}
        .isOpen=${this.host.view.isPanelOpen}
        .selected=${this.host.view.selected}
        @choose=${this.host.chosen}
        @sight=${(event: CustomEvent<readonly string[]>) => {
          this.host.sighted = event.detail;
          this.host.look();
        }}
        @tab=${this.host.turned}
        @pull=${(event: CustomEvent<boolean>) => {
          this.host.change({ isPanelOpen: event.detail });
        }}
        @photographs=${(event: CustomEvent<Photograph[]>) => {
          this.host.upload(event.detail);
        }}
        @clear-uploads=${() => this.host.session?.follower.dispatch({ kind: "uploads_cleared" })}
        @ask=${this.host.asked}
        @more-points=${() => {
          this.host.commands.showMorePoints();
        }}
      ></cairn-sheet>
      ${isSharing ? this.sharing(config) : nothing} ${this.host.view.hasKeys ? this.keys() : nothing}
      ${this.opened(project)}
      ${this.host.view.isChoosing && this.host.credentials ? this.switching(config, this.host.credentials, onStay) : nothing}
      <div class="hidden-words" aria-live="polite" data-testid="announcement">${announcementOf(project)}</div>`;
  }

  private choosing(base: string, credentials: Credentials, onClose: () => void): PickerOptions {
    return {
      base,
      credentials,
      onClose,
      onProject: (project) => {
        this.host.choose(project);
      },
      onRefused: (reason) => {
        [this.host.credentials, this.host.refusal] = [null, reason];
      },
    };
  }

  private switching(config: PageConfig, credentials: Credentials, onClose: () => void): TemplateResult {
    const { host } = this;
    const onStaying = (stays: boolean): void => {
      host.isStaying = stays;
    };
    const onLogout = (): void => {
      host.change({ isChoosing: false });
      host.credentials = null;
    };
    const account = accountPart(credentials.user, host.isStaying, onStaying, onLogout);
    return projectDialog({
      ...this.choosing(config.base, credentials, onClose),
      ...(config.needs_login ? { account } : {}),
    });
  }

  private keys(): TemplateResult {
    const onDone = (): void => {
      this.host.change({ hasKeys: false });
    };
    void import("./overlay/keys"); // few open it: loaded when it is needed
    return html`<cairn-keys @done=${onDone}></cairn-keys>`;
  }

  /** The photograph that fills the screen. */
  private opened(project: ProjectState): TemplateResult | typeof nothing {
    const { opened } = this.host.view;
    const image = opened === null ? null : imageOf(project.images, opened);
    if (image === null) return nothing;
    void import("./overlay/photo-viewer");
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
    return sharingDialog({ base, credentials, canInvite: view.canInvite, needsLogin, onClose });
  }

  private beside(project: ProjectState): TemplateResult | typeof nothing {
    const { stage } = this.host;
    const { scaleRefusal: refusal, selected } = this.host.view;
    if (this.host.view.isAnnotating) return this.annotations(project);
    if (!this.host.view.isMeasuring)
      return imageCard({
        project,
        selected,
        laidOver: this.host.view.laidOver,
        onFly: (imageId) => stage?.visit(imageId),
        onLayOver: (laidOver) => {
          this.host.change({ laidOver });
        },
        onOpen: (opened) => {
          this.host.change({ opened });
        },
        onSelect: (imageId) => {
          this.host.change({ selected: imageId, laidOver: null });
        },
      });
    const onDone = (): void => {
      this.host.change({ isMeasuring: false });
    };
    return measurement({
      project,
      stage,
      refusal,
      onDone,
      onScale: (distanceM) => void this.host.commands.setScale(distanceM),
    });
  }

  private annotations(project: ProjectState): TemplateResult | typeof nothing {
    const { editor } = this.host.annotating;
    if (editor === null) {
      void this.host.annotating.load();
      return nothing;
    }
    return html`<cairn-annotations
      data-testid="annotations-card"
      .editor=${editor}
      .version=${editor.version}
      .project=${project}
      @done=${() => {
        this.host.change({ isAnnotating: false });
      }}
    ></cairn-annotations>`;
  }

  private banner(project: ProjectState): TemplateResult | typeof nothing {
    const { dismissed } = this.host.view;
    return banner({
      project,
      dismissed,
      act: (action) => {
        this.host.commands.respond(action);
      },
      dismiss: (kind) => {
        this.host.change({ dismissed: new Set([...dismissed, kind]) });
      },
    });
  }

  private tools(project: ProjectState): Tools {
    return {
      theme: this.host.theme,
      hasCameras: this.host.view.hasCameras,
      hasCoverage: this.host.view.hasCoverage,
      isMeasuring: this.host.view.isMeasuring,
      isAnnotating: this.host.view.isAnnotating,
      isPanelOpen: this.host.view.isPanelOpen,
      hasCloud: pointCount(project.scene.shown) > 0,
      canInvite: this.host.view.canInvite,
      act: (tool) => {
        this.host.commands.use(tool);
      },
    };
  }
}
