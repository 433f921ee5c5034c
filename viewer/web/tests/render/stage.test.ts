import { expect, it, vi } from "vitest";

import { Stage } from "../../src/render/stage";

it("an image is not captured blank where the graphics were interrupted", async () => {
  const toBlob = vi.fn((take: (blob: Blob) => void) => {
    take(new Blob());
  });
  const stage = (isLost: boolean): object => ({
    renderer: { getContext: () => ({ isContextLost: () => isLost }) },
    cloud: { givePart: () => false },
    draw: () => undefined,
    options: { canvas: { toBlob } },
  });
  // eslint-disable-next-line @typescript-eslint/unbound-method -- the rest of a stage needs a browser
  const { capture } = Stage.prototype;
  expect(await capture.call(stage(true) as Stage)).toBeNull();
  expect(await capture.call(stage(false) as Stage)).toBeInstanceOf(Blob);
});
