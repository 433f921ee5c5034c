/** What is shown around the object? Templates of header, tools, banner, cards and sheet. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { pointCount } from "../scene/reference";
import type { ProjectState } from "../scene/state";
import type { Photograph } from "../scene/uploading/photographs";
import type { Credentials } from "../wire/credentials";
import type { CairnViewer } from "./cairn-viewer";
import { deviceBudget } from "./device";
import { header } from "./header";
import { banner } from "./overlay/banner";
import { emptyState } from "./overlay/empty-state";
import "./overlay/login";
import type { PickerOptions } from "./overlay/project-picker";
import { projectDialog, projectPicker } from "./overlay/project-picker";
import { sharingDialog } from "./overlay/sharing";
import { imageCard, measurement } from "./overlay/side-card";
import "./overlay/welcome";
import "./panels/sheet";
import { announcementOf } from "./summary";
import type { Tools } from "./tools";

export class ViewerContent {
  constructor(private readonly host: CairnViewer) {}

  login(): TemplateResult {
    const { config, first, invitation, refusal } = this.host;
    const onLogin = (event: CustomEvent<Credentials>): void => {
      [this.host.refusal, this.host.invitation, this.host.credentials] = [null, null, event.detail];
    };
    const onRefused = (event: CustomEvent<string>): void => {
      [this.host.refusal, this.host.invitation] = [event.detail, null];
    };
    return html`<div class="middle">
      ${
        invitation
          ? html`<cairn-welcome .invitation=${invitation} @login=${onLogin} @refused=${onRefused}></cairn-welcome>`
          : html`<cairn-login
              .projects=${config.projects}
              .first=${first}
              .refusal=${refusal}
              @login=${onLogin}
            ></cairn-login>`
      }
    </div>`;
  }

  content(project: ProjectState): TemplateResult {
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
    return html`${header(project, this.tools(project), trouble === "context_lost", this.host.config.projects.length === 1 ? null : onSwitch)}
      ${emptyState({ project, trouble, onInvite, onLeave, onRetry, onPhotos })} ${this.banner(project)}
      ${this.beside(project)}
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
      ></cairn-sheet>
      ${isSharing ? this.sharing() : nothing}
      ${this.host.view.isChoosing && this.host.credentials ? projectDialog(this.choosing(this.host.credentials, onStay)) : nothing}
      <div class="hidden-words" aria-live="polite" data-testid="announcement">${announcementOf(project)}</div>`;
  }

  /** The list of projects, while none is chosen. */
  choice(credentials: Credentials): TemplateResult {
    return projectPicker(
      this.choosing(credentials, () => {
        this.host.credentials = null;
      }),
    );
  }

  private choosing(credentials: Credentials, onClose: () => void): PickerOptions {
    return {
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

  private sharing(): TemplateResult | typeof nothing {
    const { config, credentials, view } = this.host;
    if (!credentials) return nothing;
    const onClose = (): void => {
      this.host.change({ isSharing: false });
    };
    return sharingDialog({ credentials, canInvite: view.canInvite, needsLogin: config.needs_login, onClose });
  }

  private beside(project: ProjectState): TemplateResult | typeof nothing {
    const { stage } = this.host;
    const { scaleRefusal: refusal, selected } = this.host.view;
    if (!this.host.view.isMeasuring)
      return imageCard({
        project,
        selected,
        onFly: (imageId) => stage?.visit(imageId),
        onSelect: (imageId) => {
          this.host.change({ selected: imageId });
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

  private banner(project: ProjectState): TemplateResult | typeof nothing {
    const { dismissed } = this.host.view;
    return banner({
      project,
      dismissed,
      canShowMore: project.scene.budget === deviceBudget(),
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
      isMeasuring: this.host.view.isMeasuring,
      isPanelOpen: this.host.view.isPanelOpen,
      hasCloud: pointCount(project.scene.shown) > 0,
      canInvite: this.host.view.canInvite,
      act: (tool) => {
        this.host.commands.use(tool);
      },
    };
  }
}
