/** How does a person log in? A form for name and password; `remembered.ts` keeps them. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { isLevel } from "../../wire/ids";
import type { Credentials } from "../../wire/credentials";
import { cairnMark } from "../icons";
import { sharedParts } from "../theme";
import type { Entry } from "./login-styles";
import { loginStyles } from "./login-styles";
import { stayStyles, stayTick } from "./staying";
import "../language/picker";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

@customElement("cairn-login")
export class Login extends LocalizedElement {
  static override readonly styles = [sharedParts, loginStyles, stayStyles];

  @property({ attribute: false }) projects: readonly string[] = [];
  @property({ attribute: false }) first = "";
  /** What was refused: only the password is asked for again. */
  @property({ attribute: false }) tried: Credentials | null = null;
  @property({ attribute: false }) refusal: string | null = null;
  @property({ attribute: false }) isStaying: boolean | null = null;
  @property({ attribute: false }) isOnline = true;

  override render(): TemplateResult {
    return html`<form data-testid="login" @submit=${this.submit}>
      ${cairnMark}
      <h1>${t("login")}</h1>
      <p class="intro">${t("login.intro")}</p>
      ${this.refusal === null ? nothing : html`<p class="refusal" role="alert">${this.refusal}</p>`}
      <label>${t("login.project")} ${this.projectField()}</label>
      <label
        >${t("login.name")}
        <input name="user" autocomplete="username" autocapitalize="none" required .value=${this.tried?.user ?? ""}
      /></label>
      <label
        >${t("login.password")} <input name="password" type="password" autocomplete="current-password" required
      /></label>
      ${stayTick(this.isStaying)}
      <button class="primary">${t("login.open")}</button>
      ${this.isOnline ? nothing : html`<p class="plain" role="status">${t("notice.offline")}</p>`}
      ${window.isSecureContext ? nothing : html`<p class="plain">${t("login.plain")}</p>`}
      <cairn-language></cairn-language>
    </form>`;
  }

  protected override firstUpdated(): void {
    if (this.tried) this.renderRoot.querySelector<HTMLInputElement>("[name=password]")?.focus();
  }

  private projectField(): TemplateResult {
    return html`<input
        name="project"
        list="projects"
        autocapitalize="none"
        autocomplete="off"
        placeholder=${t("login.any_project")}
        .value=${this.tried?.project ?? this.first}
      />
      <datalist id="projects">${this.projects.map((project) => html`<option value=${project}></option>`)}</datalist>`;
  }

  private readonly submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => {
      const value = form.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const given: Credentials = { user: field("user"), password: field("password"), project: field("project") };
    if (!isLevel("user", given.user) || !(given.project === "" || isLevel("project", given.project))) {
      this.refusal = t("login.bad_name");
      return;
    }
    const detail = { credentials: given, stays: form.has("stays") };
    this.dispatchEvent(new CustomEvent<Entry>("login", { detail, bubbles: true, composed: true }));
  };
}
