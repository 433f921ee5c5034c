/** Which icons have the kinds of measures and notes? Outlines of 24×24. */
import type { TemplateResult } from "lit";
import { html, svg } from "lit";

import type { Kind } from "../../scene/annotations/annotation";

const SHAPES = {
  distance: svg`<path d="M5 19L19 5"/><circle cx="5" cy="19" r="2"/><circle cx="19" cy="5" r="2"/>`,
  height: svg`<path d="M12 4v16M8.5 7.5L12 4l3.5 3.5M8.5 16.5L12 20l3.5-3.5"/>`,
  angle: svg`<path d="M19.5 19H5L15.5 5M12.5 19a8 8 0 0 0-2.6-6.2"/>`,
  area: svg`<path d="M4.5 8.5L14 4l6 8-4.5 8-9-2z"/>`,
  note: svg`<path d="M5 5h14v10.5h-7.5L7 19.5v-4H5zM8.5 9h7M8.5 12h4"/>`,
} as const;

export function kindIcon(kind: Kind): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${SHAPES[kind]}</svg>`;
}
