/** Which icons does the page use? Outlines of 24×24, part of the page because a site may have no internet. */
import type { SVGTemplateResult, TemplateResult } from "lit";
import { html, svg } from "lit";

function icon(shape: SVGTemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${shape}</svg>`;
}

export const cameraIcon = icon(
  svg`<path d="M4 8.5h3.2L8.9 6h6.2l1.7 2.5H20v10H4z"/><circle cx="12" cy="13.2" r="3.2"/>`,
);
export const fitIcon = icon(svg`<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/><circle cx="12" cy="12" r="2.6"/>`);
export const framesIcon = icon(svg`<path d="M4 12l10-6v12zM14 8.2l5-1.7v11l-5-1.7"/>`);
export const coverageIcon = icon(svg`<path d="M4 4h16v16H4zM4 12h16M12 4v16M14.5 14.5l3 3M17.5 14.5l-3 3"/>`);
export const rulerIcon = icon(svg`<path d="M3.5 15.5l12-12 5 5-12 12zM7 12l2 2M10 9l2.6 2.6M13 6l2 2"/>`);
export const notesIcon = icon(svg`<path d="M5 4.5h14v11h-7l-4.5 4v-4H5zM8.5 8.5h7M8.5 11.5h4"/>`);
export const sunIcon = icon(
  svg`<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4"/>`,
);
export const saveIcon = icon(svg`<path d="M12 4v10M7.5 10l4.5 4.5 4.5-4.5M4.5 19.5h15"/>`);
export const imageIcon = icon(
  svg`<path d="M4 5h16v14H4zM4 16l4.5-4.5 4 4L15.5 12l4.5 4.5"/><circle cx="9" cy="9" r="1.3"/>`,
);
export const shareIcon = icon(
  svg`<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 14h2v2M14 18v2h2M19 18v2"/>`,
);
export const viewsIcon = icon(svg`<path d="M4 20V9l8-5 8 5v11zM9.5 20v-6h5v6M4 20h16"/>`);
export const panelIcon = icon(svg`<path d="M4 5h16v14H4zM14.5 5v14M17 9h.6M17 12h.6"/>`);
export const pulseIcon = icon(svg`<path d="M3 12h4l2.5-6 4.5 12 2.5-6H21"/>`);
export const resyncIcon = icon(
  svg`<path d="M19.5 11a7.6 7.6 0 0 0-13.6-3.6L4 9.5M4 4.5v5h5M4.5 13a7.6 7.6 0 0 0 13.6 3.6l1.9-2.1M20 19.5v-5h-5"/>`,
);
export const closeIcon = icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`);
export const checkIcon = icon(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`);
export const eyeIcon = icon(
  svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>`,
);

export const flyIcon = icon(svg`<path d="M20.5 3.5L3.5 10.5l7 3 3 7z"/>`);
export const previousIcon = icon(svg`<path d="M14.5 5.5L8 12l6.5 6.5"/>`);
export const nextIcon = icon(svg`<path d="M9.5 5.5L16 12l-6.5 6.5"/>`);

export const downIcon = icon(svg`<path d="M5.5 9.5L12 16l6.5-6.5"/>`);

/** The logo: three stones on top of each other. */
export const cairnMark = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
  <ellipse cx="16" cy="25.2" rx="11.5" ry="4.4" />
  <ellipse cx="15.2" cy="16.6" rx="8.2" ry="3.9" />
  <ellipse cx="16.8" cy="9" rx="5.1" ry="3.2" />
</svg>`;
