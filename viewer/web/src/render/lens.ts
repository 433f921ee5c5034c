/** How wide is the field of view? As usual; or as wide as shows the photograph whole that lies over the object. */
import type { CameraOverlay } from "./camera-overlay";
import { fieldOf } from "./frusta";
import type { Clearing } from "./insets";
import type { View } from "./view";

export class Lens {
  /** The id of the image whose photograph lies over the object. */
  private overlaid: string | null = null;

  constructor(
    private readonly overlay: CameraOverlay,
    private readonly view: View,
    private readonly clearing: Clearing,
  ) {}

  /** Lay the photograph of this image over the object; null ends that. */
  layOver(opacity: number | null, imageId: string | null): void {
    this.overlay.layOver(opacity);
    this.overlaid = opacity === null ? null : imageId;
  }

  /** Move one step towards the wanted field and the free part's middle. Returns whether another step is needed. */
  glide(): boolean {
    const { camera, size } = this.view;
    const placed = this.overlaid === null ? null : this.overlay.find(this.overlaid);
    this.clearing.focus(placed && fieldOf(placed.entry), this.view.halfSides(this.clearing.free(size)));
    return this.clearing.glide(camera, size);
  }
}
