/** How does a person log in? A form for name and password; `remembered.ts` keeps them until the tab is closed. */
import type { TemplateResult } from "lit";
import { LitElement, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { isLevel } from "../../wire/ids";
import type { Credentials } from "../../wire/credentials";
import { cairnMark } from "../icons";
import { sharedParts } from "../theme";
import { loginStyles } from "./login-styles";

@customElement("cairn-login")
export class Login extends LitElement {
  static override readonly styles = [sharedParts, loginStyles];

  @property({ attribute: false }) projects: readonly string[] = [];
  @property({ attribute: false }) first = "";
  @property({ attribute: false }) refusal: string | null = null;

  override render(): TemplateResult {
    return html`<form data-testid="login" @submit=${this.submit}>
      ${cairnMark}
      <h1>Log in to cairn</h1>
      <p class="intro">Use the name and the password that you received, or open the link of an invitation.</p>
      ${this.refusal === null ? nothing : html`<p class="refusal" role="alert">${this.refusal}</p>`}
      <label>Project ${this.projectField()}</label>
      <label>Name <input name="user" autocomplete="username" autocapitalize="none" required /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <button class="primary">Open</button>
      ${
        window.isSecureContext
          ? nothing
          : html`<p class="plain">This connection is not encrypted: use it only in a network whose users you trust.</p>`
      }
    </form>`;
  }

  private projectField(): TemplateResult {
    return html`<input
        name="project"
        list="projects"
        autocapitalize="none"
        autocomplete="off"
        placeholder="leave empty to choose"
        .value=${this.first}
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
      this.refusal = "Names may contain lower-case letters, digits and hyphens only.";
      return;
    }
    this.dispatchEvent(new CustomEvent<Credentials>("login", { detail: given, bubbles: true, composed: true }));
  };
}
