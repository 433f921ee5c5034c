/** From where is the object shown? The camera's poses for the whole object, for a photograph and for a shared address. */
import type { Matrix4 } from "three";
import { Vector3 } from "three";

import type { Framing, Vector } from "../scene/framing";
import type { Viewpoint } from "../wire/address";
import type { Clearing, Size } from "./insets";
import type { Navigation } from "./navigation";
import type { Side, View } from "./view";

/** When the object fills less of the free part, or its middle is farther from the middle, it is framed again. */
const LEAST_FILL = 0.82;
const MOST_OFF_CENTRE = 0.028;
/** The share of the distance that is left after going to a point. */
const NEARER = 0.4;
const FLY_IN_MS = 1800;
const FLY_MS = 900;

export class Framer {
  /** How large the object is, and where. */
  framing: Framing = { center: [0, 0, 0], radius: 1, samples: new Float32Array() };
  private hasFlownIn = false;

  /** `isSoftware`: frames are too slow for a long flight. */
  constructor(
    private readonly view: View,
    private readonly navigation: Navigation,
    private readonly clearing: Clearing,
    private readonly isSoftware: boolean,
  ) {}

  /** Whether the whole object is shown, and not too small, once the camera is where it flies to. */
  isFitting(framing: Framing): boolean {
    const { across, down, isInside, offCentre } = this.view.fill(framing, this.navigation.destination, this.free);
    return isInside && Math.max(across, down) >= LEAST_FILL && offCentre <= MOST_OFF_CENTRE;
  }

  /** Note how large the object is, without moving the camera. */
  frame(framing: Framing): void {
    this.framing = framing;
    this.navigation.limit(framing.radius);
  }

  /** Show the whole object. The first time, fly in slowly from afar, if frames are fast enough. */
  fit(framing: Framing, viewing: Vector | null): void {
    this.frame(framing);
    const to = this.view.overview(framing, viewing, this.free);
    if (this.hasFlownIn) {
      this.navigation.flyTo(to, FLY_MS);
      return;
    }
    this.hasFlownIn = true;
    this.navigation.flyTo(this.view.fromAfar(to), 0);
    this.navigation.flyTo(to, this.isSoftware ? 0 : FLY_IN_MS);
  }

  /** Show the whole object from one side. */
  lookFrom(side: Side, framing: Framing, viewing: Vector | null): void {
    this.frame(framing);
    this.hasFlownIn = true;
    this.navigation.flyTo(this.view.from(side, framing, viewing, this.free), FLY_MS);
  }

  /** Fly near to a point, which comes into the middle, and turn about it from then on. */
  goTo(point: Vector): void {
    const target = this.view.inStage(new Vector3(...point));
    const { position, target: before } = this.navigation.destination;
    const ahead = before.clone().sub(position).normalize();
    const distance = Math.max(NEARER * position.distanceTo(target), this.framing.radius / 100);
    this.navigation.flyTo({ position: target.clone().addScaledVector(ahead, -distance), target }, FLY_MS);
  }

  /** Turn about a point in gestures to come; null: about the middle of the picture. */
  turnAbout(point: Vector | null): void {
    this.navigation.turnAbout(point && this.view.inStage(new Vector3(...point)));
  }

  /** Fly to a camera and look where it looks. */
  flyInto(center: Vector3, worldFromCamera: Matrix4): void {
    const ahead = new Vector3(0, 0, this.framing.radius).applyMatrix4(worldFromCamera);
    this.navigation.flyTo({ position: this.view.inStage(center.clone()), target: this.view.inStage(ahead) }, FLY_MS);
  }

  /** From where the object is seen, in the world. */
  get viewpoint(): Viewpoint {
    const { position, target } = this.navigation.destination;
    return { position: this.inWorld(position), target: this.inWorld(target) };
  }

  /** See the object from here, without a flight. */
  standAt({ position, target }: Viewpoint): void {
    this.hasFlownIn = true;
    const inStage = (point: Vector): Vector3 => this.view.inStage(new Vector3(...point));
    this.navigation.flyTo({ position: inStage(position), target: inStage(target) }, 0);
  }

  private get free(): Size {
    return this.clearing.free(this.view.size);
  }

  private inWorld(point: Vector3): Vector {
    const { x, y, z } = point.clone().applyMatrix4(this.view.world.matrixWorld.clone().invert());
    return [x, y, z];
  }
}
