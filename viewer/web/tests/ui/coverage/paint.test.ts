import { expect, it } from "vitest";

import { Paint } from "../../../src/ui/coverage/paint";
import type { Painted } from "../../../src/ui/coverage/paint";

const frame = { offset: [0, 0, 0], up: [0, 0, 1] };
const shown = { manifest: { generation: 1, revision: 0, frame }, plan: [] };
const images = { cameras: [] };

it("another project with an equal generation is painted, too", () => {
  const done = { painted: 0, drawn: 0 };
  const stage = {
    shownPoints: [],
    paint: () => (done.painted += 1),
    overlay: { draw: () => (done.drawn += 1) },
  };
  const paint = new Paint({ stage } as unknown as ConstructorParameters<typeof Paint>[0]);
  const places: Painted["places"] = [];
  const update = (project: string): void => {
    paint.update({
      project: { project, scene: { shown }, images } as unknown as Painted["project"],
      subject: "height",
      grid: null,
      places,
    });
  };
  update("chapel");
  update("chapel");
  expect(done).toEqual({ painted: 1, drawn: 1 });
  update("tower");
  expect(done).toEqual({ painted: 2, drawn: 2 });
});
