/** What is shown in the lower left? The card of an image, or the measurement. */
import type { TemplateResult } from "lit";
import { html, nothing } from "lit";

import { imageOf, nearestPlaced, neighbourOf } from "../../scene/images";
import type { ProjectState } from "../../scene/state";
import "./card";
import { need } from "../parts";
import type { StageElement } from "../stage/stage-element";

export interface CardOptions {
  readonly project: ProjectState;
  /** The id of the selected image. */
  readonly selected: string | null;
  /** How much of the photograph lies over the object; null: it does not. */
  readonly laidOver: number | null;
  readonly onFly: (imageId: string) => void;
  readonly onOpen: (imageId: string) => void;
  readonly onLayOver: (opacity: number) => void;
  readonly onSelect: (imageId: string | null) => void;
}

export function imageCard({
  laidOver,
  onFly,
  onLayOver,
  onOpen,
  onSelect,
  project,
  selected,
}: CardOptions): TemplateResult | typeof nothing {
  const image = selected === null ? null : imageOf(project.images, selected);
  if (image === null) return nothing;
  const neighbour = (step: 1 | -1): string | null => neighbourOf(project.images, image.imageId, step);
  return html`<cairn-card
    data-testid="card"
    .image=${image}
    .photo=${project.thumbnails.get(image.imageId) ?? null}
    .nearest=${image.isPlaced ? null : nearestPlaced(project.images, image.number)}
    .laidOver=${laidOver}
    .hasPrevious=${neighbour(-1) !== null}
    .hasNext=${neighbour(1) !== null}
    @fly=${(event: CustomEvent<string>) => {
      onFly(event.detail);
    }}
    @open=${(event: CustomEvent<string>) => {
      onOpen(event.detail);
    }}
    @lay-over=${(event: CustomEvent<number>) => {
      onLayOver(event.detail);
    }}
    @turn=${(event: CustomEvent<1 | -1>) => {
      onSelect(neighbour(event.detail) ?? image.imageId);
    }}
    @dismiss=${() => {
      onSelect(null);
    }}
  ></cairn-card>`;
}

export interface MeasurementOptions {
  readonly project: ProjectState;
  readonly stage: StageElement | null;
  readonly refusal: string | null;
  /** Called with the real length in metres; with null to remove the scale. */
  readonly onScale: (distanceM: number | null) => void;
  readonly onDone: () => void;
  /** Called when the card's file is missing. */
  readonly onMissing: () => void;
}

export function measurement(options: MeasurementOptions): TemplateResult {
  const { onDone, onMissing, onScale, project, refusal, stage } = options;
  need("measurement", () => import("./measurement"), onMissing);
  return html`<cairn-measurement
    data-testid="measurement"
    .pointCount=${stage?.measuring.points.length ?? 0}
    .distance=${stage?.measuring.distance ?? null}
    .isMissed=${stage?.measuring.isMissed ?? false}
    .metresPerUnit=${project.scene.shown?.manifest.frame.metres_per_unit ?? null}
    .scaleBar=${project.scaleBar}
    .refusal=${refusal}
    .isRefused=${project.refused.changes}
    @real-length=${(event: CustomEvent<number>) => {
      onScale(event.detail);
    }}
    @remove=${() => {
      onScale(null);
    }}
    @done=${onDone}
  ></cairn-measurement>`;
}
