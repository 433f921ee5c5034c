/** How large is what the picture shows? By the depth of the object's point in the middle, picked while the view rests. */
import type { Vector } from "../scene/framing";
import type { Clearing } from "./insets";
import type { View } from "./view";

/** How far from the middle a point counts where none is nearer: a cloud of few points has gaps. */
const FAR_REACH_PX = 32;

export class Gauge {
  private point: Vector | null = null;
  /** The view and the clouds that the point was picked from. */
  private pickedFrom: readonly unknown[] = [];

  constructor(
    private readonly view: View,
    private readonly clearing: Clearing,
  ) {}

  /** Forget the point after the world has changed. */
  forget(): void {
    [this.point, this.pickedFrom] = [null, []];
  }

  /**
   * World units in one CSS pixel at the object in the middle of the free part; null where there is nothing.
   *
   * `isAtRest`: the view is not moving. Otherwise the last point counts, because a search takes up to 25 ms.
   * `isGrowing`: points are still arriving, for which no second point is searched.
   */
  unitsPerPx(clouds: readonly Float32Array[], isAtRest: boolean, isGrowing = false): number | null {
    const place = this.clearing.middle(this.view.size);
    const from = [...this.view.matrices, ...place, ...clouds];
    const isSame = from.length === this.pickedFrom.length && from.every((each, at) => each === this.pickedFrom[at]);
    if (isAtRest && !isSame && !(isGrowing && this.point)) {
      this.pickedFrom = from;
      this.point = this.view.pick(clouds, ...place) ?? this.view.pick(clouds, ...place, FAR_REACH_PX);
    }
    return this.point && this.view.unitsPerPx(this.point);
  }
}
