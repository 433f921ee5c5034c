import { beforeEach, expect, it } from "vitest";

import { CardFocus } from "../../../src/ui/overlay/card-focus";

/** A part of the page; the shadow root of the page knows which one has the focus. */
class Part {
  isConnected = true;
  canBeFocused = true;
  shadowRoot: { activeElement: Part | null } | null = null;

  constructor(private readonly name: string) {}

  closest(selector: string): this | null {
    return selector.split(", ").includes(this.name) ? this : null;
  }

  focus(): void {
    if (this.isConnected && this.canBeFocused) root.activeElement = this;
  }
}

const canvas = new Part("canvas");
const root: { activeElement: Part | null; querySelector: () => Part } = {
  activeElement: null,
  querySelector: () => card,
};
let card = new Part("cairn-card");
let controller = of();

function of(): CardFocus {
  const host = {
    addController: () => undefined,
    updateComplete: Promise.resolve(true),
    renderRoot: root,
    stage: { renderRoot: { querySelector: () => canvas } },
  };
  return new CardFocus(host as unknown as ConstructorParameters<typeof CardFocus>[0]);
}

/** The page is drawn; in between, this goes. */
function drawn(gone: Part | null = null): void {
  controller.hostUpdate();
  if (gone) gone.isConnected = false;
  if (root.activeElement === gone) root.activeElement = null;
  controller.hostUpdated();
}

/** A thumbnail in the sheet is chosen, and its card opens. */
async function chosen(): Promise<Part> {
  const [sheet, thumbnail] = [new Part("cairn-sheet"), new Part("button")];
  sheet.shadowRoot = { activeElement: thumbnail };
  root.activeElement = sheet;
  drawn();
  await controller.enter();
  expect(root.activeElement).toBe(card);
  return thumbnail;
}

beforeEach(() => {
  card = new Part("cairn-card");
  controller = of();
});

it("goes back to the thumbnail when its card closes, also after a dialog over it", async () => {
  const thumbnail = await chosen();
  const photograph = (root.activeElement = new Part("cairn-photo-viewer"));
  drawn();
  root.activeElement = card; // as a closed dialog leaves it
  drawn(photograph);
  drawn(card);
  expect(root.activeElement).toBe(thumbnail);
});

it("goes to the object when the thumbnail is out of sight", async () => {
  (await chosen()).canBeFocused = false;
  drawn(card);
  expect(root.activeElement).toBe(canvas);
});

it("is not taken from what was clicked", async () => {
  await chosen();
  const clicked = (root.activeElement = new Part("cairn-chip"));
  drawn(card);
  expect(root.activeElement).toBe(clicked);
});
