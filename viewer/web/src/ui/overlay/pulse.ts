/** Which image is new? A ring spreads three times around its camera, as a CSS animation that needs no script. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";

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
  imageId: string | null = null;
  private lastNumber: number | null = null;
  private timer = 0;

  /** `onEnd` is called when the newest image is no longer new. */
  constructor(private readonly onEnd: () => void) {}

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
    this.imageId = newest?.image_id ?? null;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.imageId = null;
      this.onEnd();
    }, PULSE_MS);
  }
}

export function pulse(place: readonly [number, number] | null): TemplateResult | typeof nothing {
  if (!place) return nothing;
  return html`<div class="pulse" data-testid="pulse" .style=${`translate:${place[0]}px ${place[1]}px`}></div>`;
}
