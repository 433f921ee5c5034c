/** How is a point of a measure corrected? It is dragged over the object; under a finger a loupe shows where it is. */
import type { Annotation } from "../../scene/annotations/annotation";
import type { Vector } from "../../scene/framing";
import { plus } from "../../scene/scale";
import type { AnnotationEditor } from "./editor";
import { Loupe } from "./loupe";

export class Dragging {
  private annotation: Annotation | null = null;
  /** The points as they are now, in the world of a generation. */
  private dragged: Pick<Annotation, "generation" | "points"> = { generation: 0, points: [] };
  private hasMoved = false;
  private frame = 0;
  private readonly loupe = new Loupe();

  constructor(private readonly editor: AnnotationEditor) {}

  /** The points of an annotation while one of them is dragged; null for every other annotation. */
  pointsOf(key: string): readonly Vector[] | null {
    return this.annotation?.key === key ? this.editor.pointsOn(this.dragged) : null;
  }

  /** Move the points with the world. */
  carry(): void {
    if (this.annotation) this.dragged = this.editor.carried(this.dragged);
  }

  begin(event: PointerEvent, annotation: Annotation, at: number): void {
    const grip = event.currentTarget;
    const root = this.editor.host.stage?.shadowRoot;
    if (!(grip instanceof Element) || !root || this.annotation) return;
    grip.setPointerCapture(event.pointerId);
    [this.annotation, this.dragged, this.hasMoved] = [annotation, this.editor.carried(annotation), false];
    const ending = new AbortController();
    const options = { signal: ending.signal };
    if (event.pointerType !== "mouse")
      void this.loupe.open(root, this.placeOf(event), () => this.editor.host.capture());
    const moved = (now: PointerEvent): void => {
      if (now.pointerId === event.pointerId) this.moved(now, at);
    };
    const ended = (now: PointerEvent): void => {
      if (now.pointerId !== event.pointerId) return; // another finger
      ending.abort();
      this.end(now.type === "pointerup");
    };
    // Not on the grip: it goes from the page when somebody else takes the measure away.
    window.addEventListener("pointermove", moved, options);
    window.addEventListener("pointerup", ended, options);
    window.addEventListener("pointercancel", ended, options);
  }

  private moved(event: PointerEvent, at: number): void {
    const place = this.placeOf(event);
    this.loupe.move(place);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const point = this.editor.host.stage?.stage?.pickPoint(...place);
      if (!point || !this.annotation) return;
      this.carry();
      const { generation, points } = this.dragged;
      const inWorld = plus(point, this.editor.offset);
      this.dragged = { generation, points: points.map((each, number) => (number === at ? inWorld : each)) };
      this.hasMoved = true;
      this.editor.update();
    });
  }

  private end(isKept: boolean): void {
    const { annotation } = this;
    cancelAnimationFrame(this.frame);
    this.loupe.close();
    if (!annotation || !isKept || !this.hasMoved) {
      this.annotation = null;
      this.editor.update();
      return;
    }
    // The dragged points stay on screen until the message with them is on its way.
    this.carry();
    void this.editor.move(annotation, this.editor.pointsOn(this.dragged)).finally(() => {
      this.annotation = null;
      this.editor.update();
    });
  }

  private placeOf({ clientX, clientY }: PointerEvent): readonly [number, number] {
    const { left = 0, top = 0 } = this.editor.host.stage?.getBoundingClientRect() ?? {};
    return [clientX - left, clientY - top];
  }
}
