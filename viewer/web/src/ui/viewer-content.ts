/** What is shown around the object? Templates of header, tools, banner, cards and sheet. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

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
import { isOnline, shownState } from "./network";
import "./overlay/login";
import type { Entry } from "./overlay/login-styles";
import { projectPicker } from "./overlay/project-picker";
import { imageCard, measurement } from "./overlay/side-card";
import "./overlay/welcome";
import "./panels/sheet";
import { announcementOf } from "./summary";
import type { Tools } from "./tools";
import { ViewerDialogs } from "./viewer-dialogs";

export class ViewerContent {
  private tried: Credentials | null = null;
  private readonly dialogs: ViewerDialogs;

  constructor(private readonly host: CairnViewer) {
    this.dialogs = new ViewerDialogs(host);
  }

  /** Draw what belongs around the stage now. `waiting`: why there are no settings yet. */
  around(waiting: string): TemplateResult {
    const { config, credentials, project } = this.host;
    if (config === null) return html`<p class="middle" role="status">${waiting}</p>`;
    if (credentials === null) return this.login(config);
    if (project) return this.content(config, shownState(project, config.base));
    const onClose = (): void => {
      if (credentials.isInvited) void this.host.leaving.logOut();
      else this.host.closeAccount(null, true);
    };
    return projectPicker(this.dialogs.choosing(config.base, credentials, onClose));
  }

  private login(config: PageConfig): TemplateResult {
    const { first, invitation, isStaying, refusal } = this.host;
    const onLogin = ({ detail }: CustomEvent<Entry>): void => {
      this.tried = detail.credentials;
      this.host.typed = invitation ? null : detail.credentials; // no guest knows the password of an invitation
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
              .isOnline=${isOnline(config.base)}
              @login=${onLogin}
            ></cairn-login>`
      }
    </div>`;
  }

  private content(config: PageConfig, project: ProjectState): TemplateResult {
    const { canInvite, trouble, waits } = this.host.view;
    const onLeave = (): void => {
      this.host.choose("");
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
      ${emptyState({ project, trouble, isKeeping: waits.isKeeping, onInvite, onLeave, onRetry, onPhotos })}
      ${this.banner(project)} ${this.beside(project)} ${coverage(this.host, project)}
      <cairn-sheet
        .project=${project}
        .device=${this.host.stage?.figures}
        .tab=${this.host.view.tab}
        .isOpen=${this.host.view.isPanelOpen}
        .selected=${this.host.view.selected}
        .waits=${this.host.view.waits}
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
        @retry-uploads=${() => this.host.session?.uploader.retry()}
        @open-project=${(event: CustomEvent<string>) => {
          this.host.choose(event.detail);
        }}
        @ask=${this.host.asked}
        @more-points=${() => {
          this.host.commands.showMorePoints();
        }}
      ></cairn-sheet>
      ${this.dialogs.open(config, project)}
      <div class="hidden-words" aria-live="polite" data-testid="announcement">${announcementOf(project)}</div>`;
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
      onMissing: this.dialogs.missing,
      onScale: (distanceM) => void this.host.commands.setScale(distanceM),
    });
  }

  private annotations(project: ProjectState): TemplateResult | typeof nothing {
    const { editor } = this.host.annotating;
    if (editor === null) {
      void this.host.annotating.load(this.dialogs.missing);
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
      hasCloud: pointCount(project.scene.shown) > 0 && this.host.view.trouble === null,
      canInvite: this.host.view.canInvite,
      act: (tool) => {
        this.host.commands.use(tool);
      },
    };
  }
}
