/** How are photographs dropped on the page? While files are dragged over it a sign is shown; a drop adds them. */
import type { ReactiveController } from "lit";
import { css } from "lit";

import type { CairnViewer } from "../cairn-viewer";

export const dropStyles = css`
  .drop {
    position: absolute;
    inset: 16px;
    border: 2px dashed var(--accent);
    border-radius: 24px;
    background: color-mix(in srgb, var(--accent) 10%, transparent);
    display: grid;
    place-items: center;
    padding: 16px;
    text-align: center;
    pointer-events: none;
    font: 600 1.6rem/1.3 var(--serif);
  }
  .drop span {
    padding: 14px 26px;
    border-radius: 18px;
    background: var(--panel-solid); /* it stands before the object */
  }
`;

const KINDS = ["dragenter", "dragover", "dragleave", "drop"] as const;

export class Dropping implements ReactiveController {
  constructor(private readonly host: CairnViewer) {
    host.addController(this);
  }

  hostConnected(): void {
    for (const kind of KINDS) this.host.addEventListener(kind, this.dragged);
  }

  hostDisconnected(): void {
    for (const kind of KINDS) this.host.removeEventListener(kind, this.dragged);
  }

  private readonly dragged = (event: DragEvent): void => {
    const { host } = this;
    event.preventDefault();
    const isOver = event.type !== "drop" && event.type !== "dragleave";
    host.change({ isDropping: host.project?.refused.photographs === false && isOver });
    if (event.type === "drop" && host.project) host.upload([...(event.dataTransfer?.files ?? [])]);
  };
}
