/** How can a page follow a project live? `<cairn-viewer server="…" project="…">`; our own page sets `config` and `credentials` itself. */
import type { PropertyValues, TemplateResult } from "lit";
import { html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { CairnViewer as CairnViewerApi, Camera } from "../elements-types";
import type { ProjectState } from "../scene/state";
import { hasLastingBanner } from "../scene/status";
import type { Photograph } from "../scene/uploading/photographs";
import type { Place } from "../wire/address";
import type { PageConfig } from "../wire/config";
import type { CameraEntry } from "../wire/contract";
import type { Credentials } from "../wire/credentials";
import type { Invitation } from "../wire/invitations/invitation";
import { Annotating } from "./annotations/annotating";
import { bannerStyles } from "./overlay/banner";
import { CardFocus } from "./overlay/card-focus";
import { dialogStyles } from "./overlay/dialog-styles";
import { isSmall, layoutNow } from "./device";
import { Dropping, dropStyles } from "./photographs/dropping";
import { keptEvents } from "./photographs/waiting";
import { visibleImages } from "./photographs/visible";
import { Embedding } from "./embedding";
import { mayInvite, refusalOf } from "./account/entrance";
import { speech } from "./language/language";
import { LocalizedElement } from "./language/localized";
import { Leaving } from "./account/leaving";
import { Session } from "./session";
import { layout } from "./layout";
import { NOTHING_COVERED, covered } from "./stage/room";
import type { Tab } from "./panels/panel";
import type { GraphicsTrouble } from "./stage/stage-element";
import type { StageElement } from "./stage/stage-element";
import "./stage/stage-element";
import type { DeviceFigures } from "./panels/statistics";
import { attributesOf } from "./summary";
import type { Theme } from "./theme";
import { preferredTheme, sharedParts, themeTokens } from "./theme";
import { stayStyles } from "./overlay/staying";
import { Toast } from "./overlay/toast";
import { TouchWords } from "./touch/touch-words";
import type { Asked } from "./viewer-commands";
import { Network } from "./network";
import { ViewerCommands } from "./viewer-commands";
import { ViewerContent } from "./viewer-content";
import type { ViewerState } from "./viewer-state";
import { NOTHING_OPEN, initialViewerState } from "./viewer-state";
import { errorWords, reasonWords, t } from "./language/t";

const STYLES = [themeTokens, sharedParts, layout, dialogStyles, bannerStyles, stayStyles, dropStyles];

@customElement("cairn-viewer")
export class CairnViewer extends LocalizedElement implements CairnViewerApi {
  static override readonly styles = STYLES;

  /** Null until `server` has given it. */
  @property({ attribute: false }) config: PageConfig | null = null;
  @property() server = "";
  @property({ attribute: false }) credentials: Credentials | null = null;
  /** Whether the account stays on this device; null where the page keeps none. */
  @property({ attribute: false }) isStaying: boolean | null = null;
  /** An invitation whose guest chooses a name first. */
  @property({ attribute: false }) invitation: Invitation | null = null;
  @property({ attribute: false }) refusal: string | null = null;
  /** The project of the login form, or the one that is opened where nobody logs in; a later change opens another. */
  @property({ attribute: "project" }) first = "";
  /** The image and the view to begin with. */
  @property({ attribute: false }) place: Place | null = null;
  @property({ reflect: true }) theme: Theme = preferredTheme();

  @state() project: ProjectState | null = null;
  @state() view: ViewerState = initialViewerState(!isSmall());

  @query("cairn-stage") readonly stage!: StageElement | null;

  session: Session | null = null;
  readonly toast = new Toast(this);
  readonly commands = new ViewerCommands(this);
  readonly annotating = new Annotating(this);
  readonly leaving = new Leaving(this);
  private readonly cardFocus = new CardFocus(this);
  private readonly parts = new ViewerContent(this);
  private readonly embedding = new Embedding(this);
  readonly dropping = new Dropping(this);
  readonly touchWords = new TouchWords(this);
  readonly network = new Network(this, () => {
    if (this.project?.link.kind === "lost") this.session?.follower.retry();
  });
  /** What was just typed into the login form; null after the server took it. */
  typed: Credentials | null = null;
  /** Whether the account that was closed is not to be used again. */
  isForgotten = false;
  /** The ids of the images whose entries are visible. */
  sighted: readonly string[] = [];

  /** Draw the canvas and return it as PNG. */
  capture(): Promise<Blob | null> {
    return this.stage?.capture() ?? Promise.resolve(null);
  }

  get camera(): Camera | null {
    return this.stage?.cameraNow ?? null;
  }

  set camera(camera: Camera | null) {
    if (camera) this.stage?.standAt(camera);
  }

  /** The place of an image's camera on the canvas, in CSS pixels; null when it is not placed or behind the viewer. */
  placeOf(imageId: string): readonly [number, number] | null {
    return this.stage?.placeOf(imageId) ?? null;
  }

  /** The cost of the last frame on this device, and the number of frames. */
  get figures(): DeviceFigures | null {
    return this.stage?.figures ?? null;
  }

  /** What the visitor sees now, for the address of the page; null without a project. */
  get placeNow(): Place | null {
    const { project } = this.credentials ?? { project: "" };
    if (project === "") return null;
    return { project, image: this.view.selected, viewpoint: this.stage?.viewpointNow ?? null };
  }

  /** Change the state of the page. Without a difference, nothing is drawn. */
  change(change: Partial<ViewerState>): void {
    const names = Object.keys(change) as (keyof ViewerState)[];
    if (names.some((name) => change[name] !== this.view[name])) this.view = { ...this.view, ...change };
  }

  async openSharing(): Promise<void> {
    this.change({ isSharing: true });
    await this.showDialog("dialog.invitation");
  }

  /** Show the login form. `isForgotten`: the person logged out, or the password is wrong. */
  closeAccount(refusal: string | null, isForgotten: boolean): void {
    [this.refusal, this.credentials, this.isForgotten] = [refusal, null, isForgotten];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave();
  }

  override render(): TemplateResult {
    const shown = this.view.pointed ?? this.view.selected;
    return html`<cairn-stage
        .project=${this.newest}
        .insets=${
          this.project ? covered(this.view, this, hasLastingBanner(this.project, this.view.dismissed)) : NOTHING_COVERED
        }
        .isMeasuring=${this.view.isMeasuring}
        .layer=${this.annotating.editor}
        .hasCameras=${this.view.hasCameras}
        .selected=${this.view.selected}
        .shown=${shown}
        .photo=${this.photoOf(shown)}
        .laidOver=${this.view.laidOver}
        .theme=${this.theme}
        .viewpoint=${this.startingPlace?.viewpoint ?? null}
        @camera=${(event: CustomEvent<CameraEntry | null>) => {
          this.change({ selected: event.detail?.image_id ?? null, laidOver: null });
        }}
        @measured=${() => {
          this.change({ scaleRefusal: null });
          this.requestUpdate(); // the points are part of the stage, not of the state
        }}
        @point=${(event: CustomEvent<CameraEntry | null>) => {
          this.change({ pointed: event.detail?.image_id ?? null });
        }}
        @frame=${this.reflect}
        @graphics=${(event: CustomEvent<GraphicsTrouble | null>) => {
          this.change({ trouble: event.detail });
        }}
      ></cairn-stage>
      ${this.parts.around(this.embedding.waiting)}
      ${this.view.isDropping ? html`<div class="drop"><span>${t("drop")}</span></div>` : nothing} ${this.toast.render()}`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (this.hasUpdated && changed.has("first") && this.first) this.choose(this.first);
    const isOther = changed.has("credentials") || changed.has("config");
    if (isOther || changed.has("isStaying"))
      this.dispatchEvent(new CustomEvent("credentials", { detail: this.credentials }));
    if (!isOther) return;
    this.leave();
    if (this.isConnected && this.config && this.credentials?.project) this.join(this.config, this.credentials);
    this.change({ selected: this.startingPlace?.image ?? null });
  }

  /** What is known of the project; `project` is what the words were last written for. */
  private get newest(): ProjectState | null {
    return this.session?.follower.state ?? null;
  }

  /** The place of the address, as long as its project is open. */
  private get startingPlace(): Place | null {
    return this.place && this.place.project === this.credentials?.project ? this.place : null;
  }

  protected override updated(): void {
    this.look();
    this.reflect();
  }

  /** Write the attributes after each frame, so that they describe the canvas. */
  private readonly reflect = (): void => {
    const attributes = attributesOf(this.newest, this.view, this.stage?.pointCount ?? 0);
    Object.assign(attributes, { lang: speech().language, graphics: this.stage?.isSoftware ? "software" : "card" });
    for (const [name, value] of Object.entries(attributes))
      if (this.getAttribute(name) !== value) this.setAttribute(name, value);
    this.dispatchEvent(new CustomEvent("place"));
  };

  private join(config: PageConfig, credentials: Credentials): void {
    try {
      this.session = new Session({
        config,
        credentials,
        onCloud: (shard, measured) => this.stage?.add(shard, measured),
        onScene: (next) => {
          if (this.stage) this.stage.project = next;
          this.reflect();
        },
        onState: (next) => {
          this.follow(next);
        },
        ...keptEvents(this),
      });
      this.annotating.follow(this.session.follower.further);
      this.project = this.session.follower.state;
      void mayInvite(config, credentials).then((canInvite) => {
        if (credentials === this.credentials) this.change({ canInvite });
      });
    } catch (thrown) {
      this.closeAccount(errorWords(thrown), false);
    }
  }

  private leave(): void {
    this.session?.close();
    [this.session, this.project] = [null, null];
    this.change(NOTHING_OPEN);
  }

  private follow(next: ProjectState): void {
    if (next.trouble && next.trouble !== this.project?.trouble)
      this.toast.say(reasonWords(next.trouble.code, next.trouble.reason), true);
    this.project = next;
    if (next.link.kind === "connected") this.typed = null;
    const found = refusalOf(next, this.typed !== null && this.typed === this.credentials);
    if (found) this.closeAccount(found.words, found.isForgotten);
  }

  private photoOf(imageId: string | null): Uint8Array<ArrayBuffer> | null {
    if (imageId === null) return null;
    const whole = imageId === this.view.selected ? this.session?.photographs.bytes(imageId) : null;
    return whole ?? this.project?.thumbnails.get(imageId) ?? null;
  }

  /** Fetch the thumbnails that are visible. */
  look(): void {
    this.session?.follower.wantThumbnails(visibleImages(this.view, this.project, this.sighted));
  }

  async openSwitch(): Promise<void> {
    this.change({ isChoosing: true });
    await this.showDialog("dialog.projects");
  }

  private async showDialog(selector: string): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLDialogElement>(selector)?.showModal();
  }

  choose(project: string): void {
    this.change({ isChoosing: false });
    if (this.credentials && this.credentials.project !== project) this.credentials = { ...this.credentials, project };
  }

  upload(photographs: Iterable<Photograph>): void {
    if (this.project?.refused.photographs) this.toast.say(t("photos.look_only"), true);
    else this.session?.uploader.add(photographs);
    this.commands.open("photos");
  }

  readonly turned = (event: CustomEvent<Tab>): void => {
    this.commands.open(event.detail);
  };

  readonly chosen = async (event: CustomEvent<string>): Promise<void> => {
    // The open sheet would cover the card.
    this.change({ selected: event.detail, ...(layoutNow() === "wide" ? {} : { isPanelOpen: false }) });
    await this.cardFocus.enter();
  };

  readonly asked = (event: CustomEvent<Asked>): void => {
    this.commands.ask(event.detail);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "cairn-viewer": CairnViewer;
  }
}
