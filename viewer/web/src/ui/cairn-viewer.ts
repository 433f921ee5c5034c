/** `<cairn-viewer>`: one project, followed live. Set `config` and `credentials`; it does the rest. */
import type { PropertyValues, TemplateResult } from "lit";
import { LitElement, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { Tints } from "../render/stage";
import { Stage } from "../render/stage";
import { Follower } from "../scene/follower";
import { pointCount } from "../scene/reference";
import type { ProjectState } from "../scene/state";
import { noticeOf } from "../scene/status";
import type { Photograph } from "../scene/uploader";
import { Uploader } from "../scene/uploader";
import { DESKTOP_BUDGET, PHONE_BUDGET } from "../scene/wanted";
import { encodePly } from "../wire/ply";
import type { PageConfig } from "../wire/config";
import { socketUrl } from "../wire/config";
import { sentenceOf } from "../wire/errors";
import type { Credentials } from "../wire/join";
import { DecoderPool } from "../worker/pool";
import "./chip";
import { cairnMark, eyeIcon } from "./icons";
import { layout } from "./layout";
import "./login";
import { Measuring } from "./measuring";
import "./notice";
import type { Tab } from "./panel";
import { panel } from "./panel";
import "./rail";
import { captioned, offer } from "./saving";
import { Showing } from "./showing";
import type { DeviceFigures } from "./statistics";
import { announcementOf, attributesOf, countsOf, titleOf } from "./summary";
import type { Theme } from "./theme";
import { THEMES, sharedParts, themeTokens } from "./theme";
import { toolbar } from "./tools";
import { noticeWords } from "./words";

const TAP_REACH_PX = 6;
const TOAST_MS = 5000;
const SWIPE_PX = 24;
const PHONE = "(pointer: coarse), (max-width: 760px)";

interface Toast {
  readonly text: string;
  readonly isBad: boolean;
}

@customElement("cairn-viewer")
export class CairnViewer extends LitElement {
  static override readonly styles = [themeTokens, sharedParts, layout];

  @property({ attribute: false }) config!: PageConfig;
  @property({ attribute: false }) credentials: Credentials | null = null;
  @property({ attribute: false }) refusal: string | null = null;
  @property({ reflect: true }) theme: Theme = preferredTheme();

  @state() private project: ProjectState | null = null;
  @state() private device: DeviceFigures = { frameMs: 0, drawCalls: 0, pointsDrawn: 0 };
  @state() private tab: Tab = "photos";
  @state() private isPanelOpen = !matchMedia("(max-width: 1100px)").matches;
  @state() private isMeasuring = false;
  @state() private hasCameras = true;
  @state() private isDropping = false;
  @state() private selected: string | null = null;
  @state() private toast: Toast | null = null;
  @state() private trouble: "no_webgl" | "context_lost" | null = null;

  @query("canvas") private readonly canvas!: HTMLCanvasElement | null;

  private readonly measuring = new Measuring();
  private stage: Stage | null = null;
  private showing: Showing | null = null;
  private follower: Follower | null = null;
  private uploader: Uploader | null = null;
  private decoders: DecoderPool | null = null;
  private tints: Tints = { camera: "#fff", newest: "#fff" };
  private tapAt: readonly [number, number] = [0, 0];
  private swipeFrom = 0;
  private toastTimer = 0;
  private lastTrouble: ProjectState["trouble"] = null;

  /** The canvas as PNG, drawn now. */
  capture(): Promise<Blob | null> {
    return this.stage?.capture() ?? Promise.resolve(null);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave();
    this.stage?.dispose();
    this.stage = null;
  }

  override render(): TemplateResult {
    const hasLogin = this.credentials === null;
    return html`
      <canvas
        class=${this.isMeasuring ? "measuring" : ""}
        tabindex="0"
        role="application"
        aria-label="The object. Arrow keys turn it, plus and minus come nearer and go away, F shows the whole."
        data-testid="canvas"
        @keydown=${this.pressed}
        @pointerdown=${this.touched}
        @pointerup=${this.tapped}
        @wheel=${this.held}
      ></canvas>
      <svg class="overlay" aria-hidden="true">${this.measure()}</svg>
      ${hasLogin ? this.login() : this.project ? this.content(this.project) : nothing}
      ${this.isDropping ? html`<div class="drop">Drop photos to add them</div>` : nothing}
      ${
        this.toast
          ? html`<div class="toast ${this.toast.isBad ? "bad" : ""}" role="status" data-testid="toast">
              ${this.toast.text}
            </div>`
          : nothing
      }
    `;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("credentials") || changed.has("config")) {
      this.leave();
      if (this.credentials) this.join(this.credentials);
    }
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.stage ??= this.raise();
    if (changed.has("theme")) this.readTints();
    if (this.project && this.showing) this.showing.sync(this.project, this.tints, this.selected);
    this.reflect();
  }

  private join(credentials: Credentials): void {
    const isPhone = matchMedia(PHONE).matches;
    this.decoders = new DecoderPool();
    const { decoders } = this;
    try {
      this.follower = new Follower({
        url: socketUrl(this.config.mqtt_url, document.baseURI),
        root: this.config.root,
        credentials,
        budget: isPhone ? PHONE_BUDGET : DESKTOP_BUDGET,
        program: isPhone ? "page on a phone" : "page on a desktop",
        decode: (payload, shard) => decoders.decode(payload, shard),
        onCloud: (shard, measured) => this.stage?.add(shard, measured),
        onState: (next) => {
          this.follow(next);
        },
      });
    } catch (thrown) {
      this.refusal = sentenceOf(thrown);
      this.credentials = null;
      return;
    }
    this.uploader = new Uploader(this.follower);
    this.project = this.follower.state;
  }

  private leave(): void {
    void this.follower?.close();
    this.decoders?.close();
    this.follower = null;
    this.uploader = null;
    this.decoders = null;
    this.project = null;
    this.stage?.show([], new Set());
  }

  private follow(next: ProjectState): void {
    this.project = next;
    if (next.link.kind === "refused" && !next.scene.shown) {
      this.refusal = "Name, password or project do not fit. Please try again.";
      this.credentials = null;
      return;
    }
    if (next.trouble && next.trouble !== this.lastTrouble) this.say(next.trouble.reason, true);
    this.lastTrouble = next.trouble;
  }

  private raise(): Stage | null {
    if (!this.canvas || this.trouble === "no_webgl") return null;
    const isPhone = matchMedia(PHONE).matches;
    try {
      const stage = new Stage({
        canvas: this.canvas,
        hasEyeDome: !isPhone,
        maxPixelRatio: isPhone ? 2 : 1.5,
        onContext: (isLost) => {
          this.trouble = isLost ? "context_lost" : null;
        },
        onFrame: ({ drawCalls, points, scriptMs }) => {
          this.device = { frameMs: scriptMs, drawCalls, pointsDrawn: points };
        },
      });
      this.showing = new Showing(stage);
      this.readTints();
      return stage;
    } catch {
      this.trouble = "no_webgl";
      return null;
    }
  }

  private login(): TemplateResult {
    return html`<div class="middle">
      <cairn-login
        .projects=${this.config.projects}
        .refusal=${this.refusal}
        @login=${(event: CustomEvent<Credentials>) => {
          this.refusal = null;
          this.credentials = event.detail;
        }}
      ></cairn-login>
    </div>`;
  }

  private content(project: ProjectState): TemplateResult {
    return html`
      <header class="top">
        <div class="title">
          ${cairnMark}
          <div>
            <h1>${titleOf(project.project)}</h1>
            <div class="counts" data-testid="counts">${countsOf(project)}</div>
          </div>
        </div>
        <div class="standing">
          <cairn-chip .state=${project}></cairn-chip>
          ${
            project.watchers.size > 1
              ? html`<span class="watchers" data-testid="watchers" title="People who see this now">
                  ${eyeIcon}${project.watchers.size}<span class="words">watching</span>
                </span>`
              : nothing
          }
        </div>
        ${this.tools(project)}
      </header>
      ${this.middle(project)}
      <div
        class="sheet ${this.isPanelOpen ? "open" : "closed"}"
        data-testid="sheet"
        @photographs=${(event: CustomEvent<Photograph[]>) => {
          this.upload(event.detail);
        }}
        @clear-uploads=${() => this.follower?.dispatch({ kind: "uploads_cleared" })}
        @ask=${this.asked}
      >
        <button
          class="handle"
          data-testid="handle"
          aria-label=${this.isPanelOpen ? "Close the sheet" : "Open the sheet"}
          aria-expanded=${this.isPanelOpen}
          @click=${this.togglePanel}
          @pointerdown=${(event: PointerEvent) => {
            this.swipeFrom = event.clientY;
          }}
          @pointermove=${this.swiped}
        ></button>
        <section class="rail" aria-label="Images"><cairn-rail .images=${project.images}></cairn-rail></section>
        ${panel({
          state: project,
          device: this.device,
          tab: this.tab,
          isOpen: this.isPanelOpen,
          onTab: (tab) => {
            this.tab = tab;
            this.isPanelOpen = true;
          },
        })}
      </div>
      <div class="hidden-words" aria-live="polite" data-testid="announcement">${announcementOf(project)}</div>
    `;
  }

  private tools(project: ProjectState): TemplateResult {
    return toolbar({
      theme: this.theme,
      hasCameras: this.hasCameras,
      isMeasuring: this.isMeasuring,
      isPanelOpen: this.isPanelOpen,
      hasCloud: pointCount(project.scene.shown) > 0,
      onFit: () => this.showing?.fit(project),
      onCameras: () => {
        this.hasCameras = !this.hasCameras;
        this.stage?.showCameras(this.hasCameras);
      },
      onMeasure: () => {
        this.isMeasuring = !this.isMeasuring;
        this.measuring.clear();
      },
      onImage: () => {
        void this.saveImage(project);
      },
      onCloud: () => {
        this.saveCloud(project);
      },
      onTheme: () => {
        this.turnTheme();
      },
      onPanel: () => {
        this.togglePanel();
      },
    });
  }

  private middle(project: ProjectState): TemplateResult | typeof nothing {
    if (this.trouble)
      return html`<div class="middle">
        <cairn-notice data-testid="notice" .words=${TROUBLE_WORDS[this.trouble]}></cairn-notice>
      </div>`;
    const notice = noticeOf(project);
    if (!notice) return nothing;
    return html`<div class="middle">
      <cairn-notice data-testid="notice" .words=${noticeWords(notice, project)}>
        ${
          notice.kind === "no_project"
            ? html`<button
                class="quiet"
                @click=${() => {
                  this.credentials = null;
                }}
              >
                Choose another project
              </button>`
            : nothing
        }
      </cairn-notice>
    </div>`;
  }

  private measure(): unknown {
    const frame = this.project?.scene.shown?.manifest.frame;
    const { stage } = this;
    if (!stage || !frame || !this.isMeasuring) return nothing;
    return this.measuring.draw((point) => stage.project(point), frame.units, frame.offset);
  }

  private upload(photographs: Iterable<Photograph>): void {
    this.uploader?.add(photographs);
    this.tab = "photos";
    this.isPanelOpen = true;
  }

  private readonly asked = (event: CustomEvent<"ping" | "resync">): void => {
    this.follower?.request(event.detail).then(
      () => {
        this.say(event.detail === "ping" ? "Asked the reconstructor" : "Asked for everything again", false);
      },
      (thrown: unknown) => {
        this.say(sentenceOf(thrown), true);
      },
    );
  };

  private async saveImage(project: ProjectState): Promise<void> {
    const cloud = await this.capture();
    if (!cloud) return;
    const style = getComputedStyle(this);
    const caption = `${titleOf(project.project)} · ${countsOf(project)} · ${new Date().toLocaleDateString()}`;
    const image = await captioned(cloud, caption, style.getPropertyValue("--ground"), style.getPropertyValue("--ink"));
    offer(image, `${project.project}.png`);
  }

  private saveCloud(project: ProjectState): void {
    if (this.stage) offer(new Blob(encodePly(this.stage.shownClouds)), `${project.project}.ply`);
  }

  private turnTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? "dark";
    this.say(`${titleOf(this.theme)} theme`, false);
  }

  private readonly togglePanel = (): void => {
    this.isPanelOpen = !this.isPanelOpen;
  };

  private readonly swiped = (event: PointerEvent): void => {
    if (event.buttons === 0 || Math.abs(event.clientY - this.swipeFrom) < SWIPE_PX) return;
    this.isPanelOpen = event.clientY < this.swipeFrom;
  };

  private readonly held = (): void => {
    this.showing?.hold();
  };

  private readonly touched = (event: PointerEvent): void => {
    this.tapAt = [event.offsetX, event.offsetY];
  };

  private readonly tapped = (event: PointerEvent): void => {
    const [x, y] = [event.offsetX, event.offsetY];
    if (Math.hypot(x - this.tapAt[0], y - this.tapAt[1]) > TAP_REACH_PX) {
      this.held();
      return;
    }
    if (this.isMeasuring) {
      const point = this.stage?.pickPoint(x, y);
      if (point) this.measuring.add(point);
      this.requestUpdate();
      return;
    }
    const camera = this.hasCameras ? this.stage?.pickCamera(x, y) : null;
    this.selected = camera?.image_id ?? null;
    if (!camera) return;
    this.held();
    this.stage?.flyToCamera(camera.image_id);
    this.say(`Image ${camera.image_number ?? "without a number"}`, false);
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.project) return;
    const { project } = this;
    const shortcuts: Record<string, () => unknown> = {
      f: () => this.showing?.fit(project),
      c: () => this.stage?.showCameras((this.hasCameras = !this.hasCameras)),
      m: () => (this.isMeasuring = !this.isMeasuring),
      s: () => this.saveImage(project),
      t: () => {
        this.turnTheme();
      },
      p: this.togglePanel,
      Escape: () => (this.isMeasuring = false),
    };
    const shortcut = shortcuts[event.key];
    if (shortcut) shortcut();
    else if (this.stage?.press(event.key)) this.held();
    else return;
    event.preventDefault();
  };

  private readTints(): void {
    const style = getComputedStyle(this);
    this.tints = {
      camera: style.getPropertyValue("--camera").trim(),
      newest: style.getPropertyValue("--accent").trim(),
    };
  }

  private say(text: string, isBad: boolean): void {
    this.toast = { text, isBad };
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => {
      this.toast = null;
    }, TOAST_MS);
  }

  private reflect(): void {
    const attributes = attributesOf(this.project, this.stage?.pointCount ?? 0);
    if (this.trouble) attributes["notice"] = this.trouble;
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
  }
}

const TROUBLE_WORDS = {
  no_webgl: {
    title: "This browser cannot draw in 3-D",
    text: "WebGL 2 is missing or switched off. You can still add photos and follow what happens.",
  },
  context_lost: {
    title: "The graphics were taken away",
    text: "The device needed its memory for something else. The object comes back by itself.",
  },
} as const;

function preferredTheme(): Theme {
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

declare global {
  interface HTMLElementTagNameMap {
    "cairn-viewer": CairnViewer;
  }
}
