/** What do mouse and fingers do on a drawing? They move it, zoom it about the pointer, or draw the line of a profile. */
import type { Place } from "../../scene/documentation/profile";

export interface GestureHost {
  /** Whether one pointer draws a line instead of moving the drawing. */
  isDrawingLine(): boolean;
  /** A place on the canvas, in CSS pixels, as a place of the view. */
  placeAt(x: number, y: number): Place;
  /** Move the drawing by CSS pixels. */
  shift(dx: number, dy: number): void;
  /** Enlarge by a factor; the given place of the canvas stays. */
  zoom(factor: number, x: number, y: number): void;
  drawLine(begin: Place, end: Place): void;
}

type Finger = readonly [x: number, y: number];

export class DrawingGestures {
  private readonly fingers = new Map<number, Finger>();
  private begin: Place | null = null;

  constructor(private readonly host: GestureHost) {}

  readonly grasped = (event: PointerEvent): void => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at(event));
    const isLine = this.host.isDrawingLine() && this.fingers.size === 1;
    this.begin = isLine ? this.host.placeAt(...at(event)) : null;
  };

  readonly dragged = (event: PointerEvent): void => {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    if (event.buttons === 0) {
      this.released(event); // the button went up over the browser's menu
      return;
    }
    const now = at(event);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, now);
    if (this.begin) {
      this.host.drawLine(this.begin, this.host.placeAt(...now));
      return;
    }
    if (other) {
      const apart = ([x, y]: Finger): number => Math.max(1, Math.hypot(x - other[0], y - other[1]));
      this.host.zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    }
    const share = other ? 0.5 : 1;
    this.host.shift(share * (now[0] - before[0]), share * (now[1] - before[1]));
  };

  readonly released = ({ pointerId }: PointerEvent): void => {
    this.fingers.delete(pointerId);
    this.begin = null;
  };

  readonly wheeled = (event: WheelEvent): void => {
    event.preventDefault();
    this.host.zoom(Math.exp(-event.deltaY / 400), ...at(event));
  };

  readonly pressed = (event: KeyboardEvent): void => {
    const canvas = event.currentTarget as HTMLElement;
    const shifts: Readonly<Record<string, Finger>> = {
      ArrowLeft: [40, 0],
      ArrowRight: [-40, 0],
      ArrowUp: [0, 40],
      ArrowDown: [0, -40],
    };
    const zooms: Readonly<Record<string, number>> = { "+": 1.25, "=": 1.25, "-": 0.8 };
    const shift = shifts[event.key];
    const factor = zooms[event.key];
    if (shift) this.host.shift(...shift);
    if (factor !== undefined) this.host.zoom(factor, canvas.clientWidth / 2, canvas.clientHeight / 2);
    if (shift || factor !== undefined) event.preventDefault();
  };
}

function at({ offsetX, offsetY }: MouseEvent): Finger {
  return [offsetX, offsetY];
}
