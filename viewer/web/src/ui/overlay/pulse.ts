/** Which image is new, and about which point does the view turn now? A ring spreads three times, as a CSS animation. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";

import type { Stage } from "../../render/stage";
import type { Vector } from "../../scene/framing";
import type { ImagesState } from "../../scene/images";

/** The length of the animation below. */
const PULSE_MS = 4200;

export const pulseStyles = css`
  .pulse {
    position: absolute;
    left: -28px;
    top: -28px;
    width: 56px;
    height: 56px;
    pointer-events: none;
  }
  .pulse::before {
    content: "";
    display: block;
    width: 100%;
    height: 100%;
    border: 3px solid var(--accent);
    border-radius: 50%;
    opacity: 0;
    will-change: transform, opacity;
    animation: spread 1.4s cubic-bezier(0.2, 0.7, 0.3, 1) 3;
  }
  @keyframes spread {
    from {
      transform: scale(0.25);
      opacity: 0.9;
    }
    to {
      transform: scale(1);
      opacity: 0;
    }
  }
`;

/** Detects the first placing of each new image. Images that were there when the page opened do not count. */
export class Newest {
  /** The id of an image that has just been placed, or a point that was just gone to. */
  marked: string | Vector | null = null;
  private lastNumber: number | null = null;
  private timer = 0;

  /** `onChange` is called when something else is marked, or nothing any more. */
  constructor(private readonly onChange: () => void) {}

  dispose(): void {
    clearTimeout(this.timer);
  }

  /** Update to a state. */
  follow({ cameras }: ImagesState): void {
    const placed = cameras.filter(({ world_from_camera: pose, image_number: number }) => pose && number !== null);
    const newest = placed.reduce<(typeof placed)[number] | null>(
      (best, each) => ((each.image_number ?? 0) > (best?.image_number ?? 0) ? each : best),
      null,
    );
    const number = newest?.image_number ?? null;
    if (number === null || number === this.lastNumber) return;
    const isLater = this.lastNumber !== null && number > this.lastNumber;
    this.lastNumber = number;
    if (!isLater) return;
    this.mark(newest?.image_id ?? null);
  }

  /** Mark something for the time of the animation, which begins again. */
  mark(marked: string | Vector | null): void {
    this.become(null);
    this.timer = window.setTimeout(() => {
      this.become(marked);
      this.timer = window.setTimeout(() => {
        this.become(null);
      }, PULSE_MS);
    });
  }

  private become(marked: string | Vector | null): void {
    clearTimeout(this.timer);
    this.marked = marked;
    this.onChange();
  }
}

interface Marked {
  readonly stage: Pick<Stage, "project" | "projectCamera"> | null;
  readonly hasCameras: boolean;
}

/** Where the marked camera or point is on the canvas, in CSS pixels. */
export function placeOfMark(mark: Newest["marked"], { hasCameras, stage }: Marked): readonly [number, number] | null {
  if (!mark || !stage) return null;
  if (typeof mark !== "string") return stage.project(mark);
  return hasCameras ? stage.projectCamera(mark) : null;
}

export function pulse(place: readonly [number, number] | null): TemplateResult | typeof nothing {
  if (!place) return nothing;
  return html`<div class="pulse" data-testid="pulse" .style=${`translate:${place[0]}px ${place[1]}px`}></div>`;
}
