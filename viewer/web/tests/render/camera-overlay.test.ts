import type { Camera, Group, Scene, WebGLRenderer } from "three";
import { expect, it } from "vitest";

import { CameraOverlay } from "../../src/render/camera-overlay";
import type { CameraEntry } from "../../src/wire/contract";

const CAMERA: CameraEntry = {
  ...{ image_id: "img-1", image_number: 1, component: 0, width_px: 400, height_px: 300 },
  ...{ intrinsics: [400, 400, 200, 150], distortion: null, reprojection_error_px: null },
  world_from_camera: [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ],
} as unknown as CameraEntry;
const TINTS = { camera: "#fff", newest: "#fff", further: "#fff" };

/** Whether the photograph and the cameras are drawn. */
function drawn(overlay: CameraOverlay): readonly boolean[] {
  let shown: readonly boolean[] = [];
  const render = ({ children: [world] }: Scene): void => {
    const { children, visible } = world as Group;
    shown = children.map((each) => visible && each.visible);
  };
  const camera = { getWorldPosition: (into: object) => into } as unknown as Camera;
  overlay.render({ render } as unknown as WebGLRenderer, camera);
  return shown;
}

it("a photograph is laid over the object also while the cameras are hidden", () => {
  const overlay = new CameraOverlay(() => undefined);
  overlay.place([CAMERA], 1, { tints: TINTS, offset: [0, 0, 0], selected: "img-1", shown: "img-1" });
  overlay.setPhoto({ width: 400, height: 300, close: () => undefined });
  expect(drawn(overlay)).toEqual([true, true]);
  overlay.show(false);
  expect(drawn(overlay)).toEqual([false, false]);
  overlay.layOver(0.5);
  expect(drawn(overlay)).toEqual([true, false]);
  overlay.layOver(null);
  expect(drawn(overlay)).toEqual([false, false]);
  overlay.show(true);
  expect(drawn(overlay)).toEqual([true, true]);
});
