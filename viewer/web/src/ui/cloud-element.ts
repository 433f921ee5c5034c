/** How can a page show PLY files without a broker? `<cairn-cloud>` with its property `pointClouds`. */
import type { PropertyValues, TemplateResult } from "lit";
import { css, html } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import { Stage } from "../render/stage";
import { framingOf } from "../scene/framing";
import { measure } from "../scene/spacing";
import type { WantedShard } from "../scene/wanted";
import type { PointCloud } from "../wire/cloud";
import type { Bounds } from "../wire/contract";
import { IDENTITY } from "../scene/similarity";
import { decodePly } from "../wire/ply";
import { isPhone } from "./device";
import { LocalizedElement } from "./language/localized";
import { t } from "./language/t";

const WORLD_UP = [0, 1, 0] as const;

@customElement("cairn-cloud")
export class CloudElement extends LocalizedElement {
  static override readonly styles = css`
    :host {
      display: block;
      min-height: 200px;
      position: relative;
    }
    canvas {
      position: absolute;
      width: 100%;
      height: 100%;
      touch-action: none;
    }
  `;

  /** PLY files in the layout of broker/shards.py. A new list replaces the old one within one frame. */
  @property({ attribute: false }) pointClouds: readonly (ArrayBuffer | Uint8Array)[] = [];
  /** The up direction, in the frame of the clouds. */
  @property({ attribute: false }) up: readonly [number, number, number] = WORLD_UP;

  @query("canvas") private readonly canvas!: HTMLCanvasElement;

  private stage: Stage | null = null;
  private generation = 0;

  /** Draw the canvas and return it as PNG. */
  capture(): Promise<Blob | null> {
    return this.stage?.capture() ?? Promise.resolve(null);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stage?.dispose();
    this.stage = null;
  }

  override render(): TemplateResult {
    return html`<canvas tabindex="0" role="img" aria-label=${t("cloud")} @keydown=${this.pressed}></canvas>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.stage ??= this.createStage();
    if (!changed.has("pointClouds") && !changed.has("up")) return;
    this.stage.stand(this.up);
    this.show(this.stage);
  }

  private createStage(): Stage {
    return new Stage({
      canvas: this.canvas,
      hasEyeDome: !isPhone(),
      maxPixelRatio: 2,
      onContext: () => undefined,
      onFrame: () => {
        this.setAttribute("points-shown", String(this.stage?.pointCount ?? 0));
      },
    });
  }

  private show(stage: Stage): void {
    this.generation += 1;
    const clouds = this.pointClouds.map((bytes) => decodePly(new Uint8Array(bytes)));
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
    if (framing) stage.framer.fit(framing, null);
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    if (this.stage?.press(event.key)) event.preventDefault();
  };
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
