/** What of measures and notes is drawn over the canvas? All that is left, with figures, and what is being set. */
import type { SVGTemplateResult } from "lit";
import { svg } from "lit";

import type { Annotation, Kind } from "../../scene/annotations/annotation";
import type { Placed } from "../../scene/annotations/files";
import type { Vector } from "../../scene/framing";
import { drawAnnotation, drawingStyles } from "./drawing";
import type { Place } from "./drawing";
import type { AnnotationEditor, Draft } from "./editor";
import { mainFigure } from "./words";

/** An annotation with its points and its label on the object that is shown. */
interface Drawable extends Placed {
  readonly label: string;
}

export class AnnotationLayer {
  /** What was drawn last, and of what. */
  private drawn: readonly Drawable[] = [];
  private drawnOf: readonly unknown[] = [];

  constructor(private readonly editor: AnnotationEditor) {}

  draw(project: (point: Vector) => Place): SVGTemplateResult {
    this.dress();
    const { draft, selected, up } = this.editor;
    const drawn = this.drawable.map(({ annotation, label, points }) => {
      const dragged = this.editor.dragging.pointsOf(annotation.key);
      return drawAnnotation(
        {
          kind: annotation.kind,
          points: dragged ?? points,
          label: dragged ? this.labelOf(annotation, dragged) : label,
          up,
          isSelected: annotation.key === selected,
          onPress: (event, at) => {
            this.editor.press(event, annotation, at);
          },
        },
        project,
      );
    });
    const begun =
      draft &&
      drawAnnotation(
        {
          kind: draft.kind,
          points: this.editor.pointsOn(draft),
          label: this.draftLabel(draft),
          up,
          isSelected: true,
          onPress,
        },
        project,
      );
    return svg`<g class=${draft ? "still" : ""}>${drawn}</g><g class="still">${begun}</g>`;
  }

  /** Every frame draws them; places and figures are computed only after a change. */
  private get drawable(): readonly Drawable[] {
    const { images, scene } = this.editor.host.project ?? {};
    const asked = [this.editor.version, scene, images?.cameras];
    if (asked.some((each, index) => each !== this.drawnOf[index])) {
      this.drawn = this.editor.placed.map((each) => ({ ...each, label: this.labelOf(each.annotation, each.points) }));
      this.drawnOf = asked;
    }
    return this.drawn;
  }

  private labelOf(annotation: Annotation, points: readonly Vector[]): string {
    if (annotation.kind === "note") return annotation.words;
    return this.figureOf(annotation.kind, points);
  }

  private draftLabel({ kind, points }: Draft): string {
    return this.figureOf(kind, points);
  }

  private figureOf(kind: Kind, points: readonly Vector[]): string {
    return mainFigure(this.editor.figures({ kind }, points), this.editor.survey, this.editor.unit);
  }

  private dress(): void {
    const root = this.editor.host.stage?.shadowRoot;
    const sheet = drawingStyles.styleSheet;
    if (root && sheet && !root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  }
}

/** A draft's points are taken back, not dragged. */
function onPress(): void {
  return;
}
