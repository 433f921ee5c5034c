/** How does a person log in? A form whose values stay in memory only. */
import type { TemplateResult } from "lit";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { isLevel } from "../../wire/ids";
import type { Credentials } from "../../wire/join";
import { cairnMark } from "../icons";
import { sharedParts } from "../theme";

@customElement("cairn-login")
export class Login extends LitElement {
  static override readonly styles = [
    sharedParts,
    css`
      form {
        display: grid;
        gap: 16px;
        width: min(360px, calc(100vw - 40px));
        padding: 32px;
        background: var(--panel);
        border: 1px solid var(--line);
        border-radius: 22px;
        box-shadow: var(--shadow);
        backdrop-filter: var(--blur);
      }
      .mark {
        width: 52px;
        fill: var(--accent);
        justify-self: center;
      }
      h1 {
        font: 600 1.6rem/1.25 var(--serif);
        margin: 0;
        text-align: center;
      }
      .intro {
        text-align: center;
        color: var(--ink-soft);
        line-height: 1.5;
        margin-top: -8px;
      }
      label {
        display: grid;
        gap: 6px;
        font-size: 0.86rem;
        color: var(--ink-soft);
      }
      input {
        font: inherit;
        font-size: 16px;
        color: var(--ink);
        background: var(--panel-solid);
        border: 1px solid var(--line-strong);
        border-radius: 12px;
        min-height: 48px;
        padding: 0 14px;
      }
      .primary {
        min-height: 50px;
        margin-top: 6px;
      }
      .plain {
        text-align: center;
        color: var(--ink-soft);
        font-size: 0.86rem;
        line-height: 1.45;
      }
      .refusal {
        color: var(--bad);
        line-height: 1.45;
        text-align: center;
      }
    `,
  ];

  @property({ attribute: false }) projects: readonly string[] = [];
  @property({ attribute: false }) refusal: string | null = null;

  override render(): TemplateResult {
    return html`<form data-testid="login" @submit=${this.submit}>
      ${cairnMark}
      <h1>Log in to cairn</h1>
      <p class="intro">Use the name and the password that you received, or open a join link.</p>
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
        .value=${this.projects.length === 1 ? (this.projects[0] ?? "") : ""}
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
