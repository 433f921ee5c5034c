/** What does a gesture on the canvas mean? Pointer and key events become four intents: hold, point, tap, measure. */
import type { Stage } from "../../render/stage";
import type { Vector } from "../../scene/framing";
import type { CameraEntry } from "../../wire/contract";

export interface GestureSurface {
  readonly stage: Stage | null;
  readonly hasCameras: boolean;
  readonly isPicking: boolean;
}

export interface Intents {
  /** The visitor moved the view. */
  readonly onHold: () => void;
  /** A point was tapped twice, and the view flies there. */
  readonly onGo: (point: Vector) => void;
  /** The mouse points at another camera, or at none. */
  readonly onPoint: (camera: CameraEntry | null) => void;
  /** A camera was tapped, or something else (null), at a place on the canvas in CSS pixels. */
  readonly onTap: (camera: CameraEntry | null, at: readonly [number, number]) => void;
  /** A point was tapped while measuring; null where there is no point. */
  readonly onMeasure: (point: Vector | null) => void;
}

const TAP_REACH_PX = 6;
const DOUBLE_TAP_MS = 350;
const DOUBLE_TAP_REACH_PX = 24;

export class Gestures {
  /** The image id of the camera that the mouse points at. */
  pointedAt: string | null = null;
  /** Where a tap began; null while a second finger or another button is down. */
  private tapAt: readonly [number, number] | null = null;
  private lastTap = { atMs: -Infinity, x: 0, y: 0 };

  constructor(
    private readonly surface: GestureSurface,
    private readonly intents: Intents,
  ) {}

  readonly touched = (event: PointerEvent): void => {
    this.tapAt = event.isPrimary && event.button === 0 ? [event.offsetX, event.offsetY] : null;
    const { stage } = this.surface;
    stage?.framer.turnAbout(stage.pickPoint(event.offsetX, event.offsetY));
  };

  /** Report the camera under a mouse. Touch has no hover. */
  readonly pointed = (event: PointerEvent): void => {
    if (event.pointerType !== "mouse" || event.buttons !== 0) return;
    const { hasCameras, isPicking, stage } = this.surface;
    const isOver = event.type !== "pointerleave" && hasCameras && !isPicking;
    const camera = isOver ? (stage?.pickCamera(event.offsetX, event.offsetY) ?? null) : null;
    if ((camera?.image_id ?? null) === this.pointedAt) return;
    this.pointedAt = camera?.image_id ?? null;
    this.intents.onPoint(camera);
  };

  readonly tapped = (event: PointerEvent): void => {
    const [from, x, y] = [this.tapAt, event.offsetX, event.offsetY];
    const { hasCameras, isPicking, stage } = this.surface;
    if (!from || Math.hypot(x - from[0], y - from[1]) > TAP_REACH_PX) this.intents.onHold();
    else if (isPicking) this.intents.onMeasure(stage?.pickPoint(x, y) ?? null);
    else if (this.isSecondTap(event)) this.goTo(stage?.pickPoint(x, y) ?? null);
    else this.intents.onTap(hasCameras ? (stage?.pickCamera(x, y) ?? null) : null, [x, y]);
  };

  /** A place was tapped twice: fly to the point there, if there is one. */
  private goTo(point: Vector | null): void {
    this.intents.onHold();
    if (!point) return;
    this.surface.stage?.framer.goTo(point);
    this.intents.onGo(point);
  }

  private isSecondTap({ offsetX: x, offsetY: y, timeStamp: atMs }: PointerEvent): boolean {
    const { lastTap } = this;
    const isNear = Math.hypot(x - lastTap.x, y - lastTap.y) <= DOUBLE_TAP_REACH_PX;
    const isSecond = isNear && atMs - lastTap.atMs <= DOUBLE_TAP_MS;
    this.lastTap = isSecond ? { atMs: -Infinity, x, y } : { atMs, x, y };
    return isSecond;
  }

  /** Mark a focus that came by the keyboard. After a click, a key press alone must not draw a frame about the page. */
  readonly focused = ({ target }: FocusEvent): void => {
    if (target instanceof Element) target.toggleAttribute("data-tabbed", target.matches(":focus-visible"));
  };

  readonly pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.surface.stage?.press(event.key, event.shiftKey)) return;
    this.intents.onHold();
    event.preventDefault();
  };
}
