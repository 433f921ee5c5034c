/** Which colours, fonts and controls does the page use? Custom properties of three themes and shared styles. */
import { css } from "lit";

/** Three themes: dark for dim rooms, light for the office, sunlight with high contrast for outdoors. */
export const THEMES = ["dark", "light", "sunlight"] as const;
export type Theme = (typeof THEMES)[number];

/** The custom properties of `<cairn-viewer>`, which every panel inherits. */
export const themeTokens = css`
  :host {
    --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", "Book Antiqua", Georgia, serif;
    --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
    --ground: #16181b;
    --ground-glow: #2a2e33;
    --panel: rgb(28 31 35 / 78%);
    --panel-solid: #1e2125;
    --line: rgb(240 230 210 / 12%);
    --line-strong: rgb(240 230 210 / 26%);
    --ink: #f1ebdf;
    --ink-soft: #b9b2a4;
    --ink-faint: #8f897d;
    --accent: #e6b15c;
    --accent-ink: #1d1709;
    --good: #9cc387;
    --busy: #e6b15c;
    --bad: #f08b73;
    --shadow: 0 10px 34px rgb(0 0 0 / 38%);
    --blur: blur(18px) saturate(1.2);
    --radius: 16px;
    --camera: #8fb7c9;
    --further: #c98fb7;
    --hover: rgb(240 230 210 / 8%);
    --pressed: rgb(230 177 92 / 17%);
    --pressed-ink: var(--accent);
    color-scheme: dark;
  }
  :host([theme="light"]) {
    --ground: #e9e3d8;
    --ground-glow: #fbf8f2;
    --panel: rgb(255 253 249 / 82%);
    --panel-solid: #fffdf9;
    --line: rgb(50 40 20 / 12%);
    --line-strong: rgb(50 40 20 / 28%);
    --ink: #25211a;
    --ink-soft: #504a3e;
    --ink-faint: #696153;
    --accent: #8f5410;
    --accent-ink: #fffaf0;
    --good: #3f6b2c;
    --busy: #8f5410;
    --bad: #ab3216;
    --shadow: 0 10px 30px rgb(70 55 25 / 16%);
    --camera: #2b6580;
    --further: #8a3f74;
    --hover: rgb(70 50 10 / 7%);
    --pressed: rgb(143 84 16 / 13%);
    --pressed-ink: #74420a;
    color-scheme: light;
  }
  :host([theme="sunlight"]) {
    --ground: #fff;
    --ground-glow: #fff;
    --panel: #fff;
    --panel-solid: #fff;
    --line: #000;
    --line-strong: #000;
    --ink: #000;
    --ink-soft: #000;
    --ink-faint: #1c1c1c;
    --accent: #00318f;
    --accent-ink: #fff;
    --good: #004d12;
    --busy: #00318f;
    --bad: #a30000;
    --shadow: none;
    --blur: none;
    --camera: #00318f;
    --further: #6b0f52;
    --hover: #dfe6f5;
    --pressed: var(--accent);
    --pressed-ink: #fff;
    color-scheme: light;
    font-size: 17px;
    font-weight: 500;
  }
  /* with software rendering the background would be blurred again at every frame */
  :host([graphics="software"]) {
    --panel: var(--panel-solid);
    --blur: none;
  }
`;

/** The styles of buttons, icons and numbers in every panel. */
export const sharedParts = css`
  :host {
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  .icon {
    width: 22px;
    height: 22px;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.6;
    stroke-linecap: round;
    stroke-linejoin: round;
    flex: none;
  }
  button,
  .button {
    font: inherit;
    color: inherit;
    background: none;
    border: 1px solid transparent;
    border-radius: 12px;
    min-width: 44px;
    min-height: 44px;
    padding: 0 14px;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    cursor: pointer;
    text-decoration: none;
    touch-action: manipulation;
    transition:
      background 0.18s ease,
      border-color 0.18s ease,
      color 0.18s ease;
  }
  .primary {
    background: var(--accent);
    color: var(--accent-ink);
    font-weight: 600;
    padding: 0 20px;
  }
  @media (hover: hover) {
    button:hover,
    .button:hover {
      background: var(--hover);
    }
    .primary:hover {
      background: color-mix(in srgb, var(--accent) 86%, var(--ink));
    }
  }
  button:focus-visible,
  .button:focus-visible,
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible,
  a:focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  button:disabled {
    opacity: 0.45;
    cursor: default;
  }
  button.plain {
    padding: 0;
    width: 44px;
  }
  button[aria-pressed="true"] {
    background: var(--pressed);
    color: var(--pressed-ink);
  }
  .quiet {
    border-color: var(--line-strong);
  }
  .figure {
    font-variant-numeric: tabular-nums;
  }
  .hidden-words {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  h2 {
    font: 600 1.05rem/1.3 var(--serif);
    margin: 0;
    letter-spacing: 0.005em;
  }
  p {
    margin: 0;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;

/** The theme that the system prefers. */
export function preferredTheme(): Theme {
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}
