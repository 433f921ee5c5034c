/** How is a project chosen? From a list: after the login in the page, later in a dialog. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import type { Credentials } from "../../wire/credentials";
import { closeIcon } from "../icons";
import "./projects";
import "../language/picker";
import { t } from "../language/t";

export interface PickerOptions {
  /** The address of the page server. */
  readonly base: string;
  readonly credentials: Credentials;
  readonly onProject: (project: string) => void;
  /** Called when the name or the password is wrong. */
  readonly onRefused: (reason: string) => void;
  readonly onClose: () => void;
  /** What is asked before somebody logs out. */
  readonly question: TemplateResult | typeof nothing;
  /** Whose page this is, at the end of the dialog. */
  readonly account?: TemplateResult;
}

export function projectPicker(given: PickerOptions): TemplateResult {
  return html`<div class="middle">
    <section class="choose" aria-label=${t("projects")} data-testid="choose">
      <h2>${t("projects.which")}</h2>
      ${list(given)} ${given.question}
      <button class="quiet" @click=${given.onClose}>${t("projects.other_name")}</button>
      <cairn-language></cairn-language>
    </section>
  </div>`;
}

export function projectDialog(given: PickerOptions): TemplateResult {
  return html`<dialog class="projects" aria-label=${t("projects")} data-testid="switching" @close=${given.onClose}>
    <h2>${t("projects")}</h2>
    ${list(given)} ${given.account ?? nothing} ${given.question}
    <button class="quiet" @click=${given.onClose}>${closeIcon}${t("close")}</button>
  </dialog>`;
}

function list({ base, credentials, onProject, onRefused }: PickerOptions): TemplateResult {
  return html`<cairn-projects
    .base=${base}
    .credentials=${credentials}
    @project=${(event: CustomEvent<string>) => {
      onProject(event.detail);
    }}
    @refused=${(event: CustomEvent<string>) => {
      onRefused(event.detail);
    }}
  ></cairn-projects>`;
}
