import { expect, it, vi } from "vitest";

import { Stage, pixelRatio } from "../../src/render/stage";

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

it("an enlarged image is drawn larger, and the canvas gets its size back", async () => {
  const done: unknown[] = [];
  const stage = (isSoftware: boolean): object => ({
    isSoftware,
    renderer: { getContext: () => ({ isContextLost: () => false }) },
    cloud: { givePart: () => false },
    resize: (enlargement = 1) => done.push(enlargement),
    draw: () => done.push("draw"),
    options: {
      canvas: {
        toBlob: (take: (blob: Blob) => void) => {
          done.push("image");
          take(new Blob());
        },
      },
    },
  });
  // eslint-disable-next-line @typescript-eslint/unbound-method -- the rest of a stage needs a browser
  const { capture } = Stage.prototype;
  await capture.call(stage(false) as Stage, 2);
  await capture.call(stage(true) as Stage, 2);
  expect(done).toEqual([2, "draw", "image", 1, "draw", "draw", "image"]);
});

it("an enlarged image has no more pixels than the graphics can draw", () => {
  vi.stubGlobal("devicePixelRatio", 2);
  const [desktop, phone] = [
    { hasEyeDome: true, maxPixelRatio: 1.5 },
    { hasEyeDome: false, maxPixelRatio: 2 },
  ];
  const [window, screen] = [
    { clientWidth: 1440, clientHeight: 900 },
    { clientWidth: 390, clientHeight: 844 },
  ];
  expect(pixelRatio(window, desktop, 1)).toBe(1.5);
  expect(pixelRatio(window, desktop, 2)).toBe(3);
  expect(pixelRatio(screen, phone, 2)).toBeCloseTo(3.486, 3);
  expect(pixelRatio({ clientWidth: 7680, clientHeight: 4320 }, desktop, 2)).toBe(1.5);
  vi.unstubAllGlobals();
});
