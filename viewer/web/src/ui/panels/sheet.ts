/** How are rail and panel arranged? As two cards on a desktop, as one bottom sheet on a phone. */
import type { TemplateResult } from "lit";
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { LOW_PANEL_PX, LOW_PANEL_SHARE, SHEET_PX, SHEET_SHARE, low, narrow, px, share } from "../breakpoints";
import type { ProjectState } from "../../scene/state";
import { cameraIcon } from "../icons";
import type { Tab } from "./panel";
import { panel, panelStyles } from "./panel";
import "./rail";
import type { DeviceFigures } from "./statistics";
import type { Waits } from "../photographs/waits";
import { sharedParts } from "../theme";
import { LocalizedElement } from "../language/localized";
import { t } from "../language/t";

const SWIPE_PX = 24;

@customElement("cairn-sheet")
export class Sheet extends LocalizedElement {
  static override readonly styles = [
    sharedParts,
    panelStyles,
    css`
      :host {
        display: contents;
      }
      .rail {
        position: absolute;
        left: 24px;
        bottom: max(24px, env(safe-area-inset-bottom));
        width: min(440px, calc(100% - 48px - var(--panel-room, 0px)));
        padding: 16px 20px 12px;
        border-radius: 20px;
        border: 1px solid var(--line);
        background: var(--panel);
        backdrop-filter: var(--blur);
        box-shadow: var(--shadow);
      }
      .handle,
      .snap {
        display: none;
      }
      @media ${narrow} {
        .sheet {
          position: absolute;
          left: 0;
          right: 0;
          bottom: 0;
          height: min(${share(SHEET_SHARE)}, ${px(SHEET_PX)});
          display: flex;
          flex-direction: column;
          border-radius: 24px 24px 0 0;
          border: 1px solid var(--line);
          border-bottom: 0;
          background: var(--panel);
          backdrop-filter: var(--blur);
          box-shadow: var(--shadow);
          transition: translate 0.42s cubic-bezier(0.22, 1, 0.36, 1);
        }
        .sheet.closed {
          translate: 0 calc(100% - 132px - env(safe-area-inset-bottom));
        }
        .handle {
          display: flex;
          align-items: flex-start;
          width: 100%;
          padding: 10px 0 0;
          min-height: 44px;
          flex: none;
          border-radius: 24px 24px 0 0;
          touch-action: none;
        }
        .handle::before {
          content: "";
          width: 44px;
          height: 5px;
          border-radius: 3px;
          background: var(--line-strong);
        }
        .rail {
          position: static;
          width: auto;
          display: grid;
          grid-template-columns: 1fr auto;
          gap: 18px;
          align-items: center;
          margin-top: -16px;
          padding: 0 16px 16px 18px;
          border: 0;
          border-radius: 0;
          background: none;
          backdrop-filter: none;
          box-shadow: none;
          flex: none;
        }
        .snap {
          display: inline-flex;
          width: 60px;
          height: 60px;
          padding: 0;
          border-radius: 50%;
        }
        .snap .icon {
          width: 27px;
          height: 27px;
        }
      }
      @media ${low} {
        .rail {
          display: contents;
        }
        cairn-rail {
          position: absolute;
          left: max(12px, env(safe-area-inset-left));
          bottom: 8px;
          max-width: min(var(--rail-room, 100%), calc(100% - var(--tools) - 92px));
          padding: 9px 16px;
          border-radius: 999px;
          border: 1px solid var(--line);
          background: var(--panel);
          backdrop-filter: var(--blur);
        }
        .open cairn-rail {
          max-width: calc(100% - var(--tools) - 92px - min(${px(LOW_PANEL_PX)}, ${share(LOW_PANEL_SHARE)}));
        }
        .snap {
          display: inline-flex;
          position: absolute;
          right: calc(max(8px, env(safe-area-inset-right)) + var(--tools));
          bottom: 8px;
          width: 52px;
          height: 52px;
          padding: 0;
          border-radius: 50%;
          transition: translate 0.42s cubic-bezier(0.22, 1, 0.36, 1);
        }
        .open .snap {
          translate: calc(-8px - min(${px(LOW_PANEL_PX)}, 0.44 * 100vw));
        }
      }
      .snap:focus-within {
        outline: 2px solid var(--ink);
        outline-offset: 2px;
      }
    `,
  ];

  @property({ attribute: false }) project!: ProjectState;
  @property({ attribute: false }) device!: DeviceFigures;
  @property({ attribute: false }) tab: Tab = "photos";
  @property({ attribute: false }) isOpen = false;
  /** The id of the selected image. */
  @property({ attribute: false }) selected: string | null = null;
  @property({ attribute: false }) waits!: Waits;

  private swipeFrom = 0;
  private hasSwiped = false;

  override render(): TemplateResult {
    const { device, isOpen, project, selected, tab, waits } = this;
    return html`<div class="sheet ${isOpen ? "open" : "closed"}" data-testid="sheet">
      <button
        class="handle"
        data-testid="handle"
        aria-label=${t(isOpen ? "sheet.close" : "sheet.open")}
        aria-expanded=${isOpen}
        @click=${this.toggled}
        @pointerdown=${this.grasped}
        @pointermove=${this.swiped}
      ></button>
      <section class="rail" aria-label=${t("sheet.images")}>
        <cairn-rail .images=${project.images} .selected=${selected}></cairn-rail>
        ${project.refused.photographs ? nothing : this.camera()}
      </section>
      ${panel({
        state: project,
        device,
        tab,
        isOpen,
        selected,
        waits,
        onTab: (next) => {
          this.tell("tab", next);
        },
      })}
    </div>`;
  }

  private camera(): TemplateResult {
    return html`<label class="button primary snap" title=${t("photos.take")}>
      ${cameraIcon}<span class="hidden-words">${t("photos.take")}</span>
      <input class="hidden-words" type="file" accept="image/*" capture="environment" @change=${this.snapped} />
    </label>`;
  }

  /** A click toggles; not the one that ends a mouse's swipe. One of the keyboard has no pointer (`detail` is 0). */
  private readonly toggled = ({ detail }: MouseEvent): void => {
    if (!this.hasSwiped || detail === 0) this.tell("pull", !this.isOpen);
  };

  private readonly grasped = (event: PointerEvent): void => {
    [this.swipeFrom, this.hasSwiped] = [event.clientY, false];
  };

  private readonly swiped = (event: PointerEvent): void => {
    if (event.buttons === 0 || Math.abs(event.clientY - this.swipeFrom) < SWIPE_PX) return;
    this.hasSwiped = true;
    const isUp = event.clientY < this.swipeFrom;
    if (isUp !== this.isOpen) this.tell("pull", isUp);
  };

  private readonly snapped = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = ""; // the same photo may be taken again
    this.tell("photographs", files);
  };

  private tell(name: "tab" | "pull" | "photographs", detail: Tab | boolean | readonly File[]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
