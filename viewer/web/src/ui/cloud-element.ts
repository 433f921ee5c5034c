/** How can a page show PLY files without a broker? `<cairn-cloud>` with its attribute `src` or its property `pointClouds`. */
import type { PropertyValues, TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { CairnCloud, Camera, ErrorDetail, LoadDetail, PickDetail, PlyFile, Vector3 } from "../elements-types";
import { Stage } from "../render/stage";
import { framingOf } from "../scene/framing";
import { minus, plus } from "../scene/scale";
import { IDENTITY } from "../scene/similarity";
import { measure } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import { readPly } from "../wire/clouds/any-ply";
import type { PointCloud } from "../wire/clouds/cloud";
import type { Bounds } from "../wire/contract";
import { WireError, sentenceOf } from "../wire/errors";
import { fetchFile } from "../wire/files";
import { isPhone } from "./device";
import { useLanguageOfPage } from "./language/language";
import { LocalizedElement } from "./language/localized";
import { t } from "./language/t";

const UP: Vector3 = [0, 1, 0];
const TAP_REACH_PX = 6;

/** "0 0 1" as a direction; what is no direction is the default. */
function directionOf(text: string | null): Vector3 {
  const [x, y, z, ...rest] = (text ?? "")
    .trim()
    .split(/[\s,]+/u)
    .map(Number);
  const isDirection = rest.length === 0 && Number.isFinite(z) && Math.hypot(x ?? 0, y ?? 0, z ?? 0) > 0;
  return isDirection ? [x ?? 0, y ?? 0, z ?? 0] : UP;
}

@customElement("cairn-cloud")
export class CloudElement extends LocalizedElement implements CairnCloud {
  static override readonly styles = css`
    :host {
      display: block;
      width: 100%;
      height: 100%;
      min-height: 200px;
      position: relative;
    }
    canvas {
      position: absolute;
      width: 100%;
      height: 100%;
      touch-action: none;
    }
    canvas.lost {
      visibility: hidden;
    }
  `;

  @property() src = "";
  @property({ attribute: false }) pointClouds: readonly PlyFile[] = [];
  @property({ converter: directionOf }) up: Vector3 = UP;

  @query("canvas") private readonly canvas!: HTMLCanvasElement;

  /** Whether the browser took the graphics away: it paints such a canvas white. */
  @state() private isLost = false;
  private stage: Stage | null = null;
  /** The words of the page's language, on their way. */
  private language: Promise<unknown> = Promise.resolve();
  private generation = 0;
  private wanted: Camera | null = null;
  /** What was subtracted from the coordinates of the files. */
  private origin: Vector3 = [0, 0, 0];
  /** Where a tap began; null while a second finger or another button is down. */
  private tapAt: readonly [number, number] | null = null;

  get camera(): Camera | null {
    if (!this.stage || this.stage.shownPoints.length === 0) return this.wanted;
    const { position, target } = this.stage.framer.viewpoint;
    return { position: plus(position, this.origin), target: plus(target, this.origin) };
  }

  set camera(camera: Camera | null) {
    this.wanted = camera;
    if (camera && this.stage && this.stage.shownPoints.length > 0) this.stand(this.stage, camera);
  }

  capture(): Promise<Blob | null> {
    return this.stage?.capture() ?? Promise.resolve(null);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.language = useLanguageOfPage();
    if (this.hasUpdated) this.requestUpdate("pointClouds", []); // it was moved to another place of the page
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stage?.dispose();
    this.stage = null;
  }

  override render(): TemplateResult {
    return html`<canvas
      class=${this.isLost ? "lost" : ""}
      tabindex="0"
      role="img"
      aria-label=${t("cloud")}
      @keydown=${this.pressed}
      @pointerdown=${this.touched}
      @pointerup=${this.tapped}
    ></canvas>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!this.isConnected) return;
    if (this.src !== "" && changed.has("src")) void this.fetchAll(this.src.trim().split(/\s+/u));
    else if (changed.get("src") && !changed.has("pointClouds")) this.pointClouds = [];
    if (!changed.has("pointClouds") && !changed.has("up")) return;
    try {
      this.stage ??= this.createStage();
    } catch {
      this.complain("no_webgl");
      return;
    }
    const length = Math.hypot(...this.up);
    this.stage.stand(length > 0 ? [this.up[0] / length, this.up[1] / length, this.up[2] / length] : UP);
    this.show(this.stage);
  }

  private createStage(): Stage {
    return new Stage({
      canvas: this.canvas,
      hasEyeDome: !isPhone(),
      maxPixelRatio: 2,
      onContext: (isLost) => {
        this.isLost = isLost;
        if (isLost) this.complain("context_lost");
      },
      onFrame: () => {
        this.setAttribute("points-shown", String(this.stage?.pointCount ?? 0));
      },
    });
  }

  private async fetchAll(addresses: readonly string[]): Promise<void> {
    const { src } = this;
    const files = await Promise.all(
      addresses.map((address) =>
        fetchFile(new URL(address, document.baseURI)).catch((thrown: unknown) => {
          if (src === this.src) this.refuse(thrown);
          return null;
        }),
      ),
    );
    if (src === this.src) this.pointClouds = files.filter((file) => file !== null);
  }

  private show(stage: Stage): void {
    this.generation += 1;
    const clouds = this.readAll();
    const shards = clouds.map((cloud, index) => shardOf(cloud, index, this.generation));
    for (const [index, shard] of shards.entries()) {
      const cloud = clouds[index];
      if (cloud) stage.add(shard, measure(cloud));
    }
    stage.show(
      shards.map(({ key }) => key),
      new Set(),
    );
    const framing = framingOf(stage.shownPoints);
    if (!framing) return;
    stage.framer.fit(framing, null);
    if (this.wanted) this.stand(stage, this.wanted);
    const pointCount = clouds.reduce((sum, { count }) => sum + count, 0);
    this.tell("load", { pointCount, project: null });
  }

  /** The clouds of all readable files; an event tells of each of the others. */
  private readAll(): readonly PointCloud[] {
    const clouds: PointCloud[] = [];
    let origin: Vector3 | null = null;
    for (const file of this.pointClouds)
      try {
        const placed = readPly(new Uint8Array(file), origin);
        clouds.push(placed.cloud);
        ({ origin } = placed);
      } catch (thrown) {
        this.refuse(thrown);
      }
    this.origin = origin ?? [0, 0, 0];
    return clouds;
  }

  private stand(stage: Stage, { position, target }: Camera): void {
    stage.framer.standAt({ position: minus(position, this.origin), target: minus(target, this.origin) });
  }

  /** Tell that nothing can be drawn, once the language is there. */
  private complain(trouble: "no_webgl" | "context_lost"): void {
    void this.language.then(() => {
      this.refuse(new WireError(trouble, t(`trouble.${trouble}`)));
    });
  }

  private refuse(thrown: unknown): void {
    const code = thrown instanceof WireError ? thrown.code : "bad_ply";
    this.tell("error", { code, message: sentenceOf(thrown) });
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    if (this.stage?.press(event.key, event.shiftKey)) event.preventDefault();
  };

  private readonly touched = (event: PointerEvent): void => {
    this.tapAt = event.isPrimary && event.button === 0 ? [event.offsetX, event.offsetY] : null;
  };

  private readonly tapped = ({ offsetX: x, offsetY: y }: PointerEvent): void => {
    const from = this.tapAt;
    if (!from || Math.hypot(x - from[0], y - from[1]) > TAP_REACH_PX) return;
    const point = this.stage?.pickPoint(x, y);
    if (point) this.tell("pick", { point: plus(point, this.origin), imageId: null });
  };

  private tell(name: "load" | "error" | "pick", detail: LoadDetail | ErrorDetail | PickDetail): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function shardOf(cloud: PointCloud, index: number, generation: number): WantedShard {
  return {
    key: `${generation}/${index}`,
    generation,
    entry: {
      index,
      level: 0,
      kind: "reference",
      image_number: null,
      component: 0,
      point_count: cloud.count,
      bounds: boundsOf(cloud),
      encodings: [],
    },
    encoded: { encoding: "ply", size_bytes: 0, sha256: "" },
    worldFromShard: IDENTITY,
  };
}

function boundsOf({ pointsInWorld }: PointCloud): Bounds {
  const minimum: [number, number, number] = [Infinity, Infinity, Infinity];
  const maximum: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (let at = 0; at + 2 < pointsInWorld.length; at += 3)
    for (const axis of [0, 1, 2] as const) {
      const value = pointsInWorld[at + axis] ?? 0;
      minimum[axis] = Math.min(minimum[axis], value);
      maximum[axis] = Math.max(maximum[axis], value);
    }
  return { minimum, maximum };
}

declare global {
  interface HTMLElementTagNameMap {
    "cairn-cloud": CloudElement;
  }
}
