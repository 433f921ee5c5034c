/** What is painted on the object while the panel is open? Colours, boxes of holes and ghost cameras; only after a change. */
import type { Subject } from "../../scene/coverage/painters";
import {
  confidencePainter,
  coveragePainter,
  generationPainter,
  heightPainter,
  heightsOf,
} from "../../scene/coverage/painters";
import { ghostLines, holeLines, linesOf } from "../../scene/coverage/lines";
import { upOf } from "../../scene/framing";
import type { Painter } from "../../scene/painter";
import type { ProjectState } from "../../scene/state";
import type { AdvisedPlace } from "../../wire/contract";
import type { CoverageGrid } from "../../wire/coverage";
import type { StageElement } from "../stage/stage-element";

export interface Painted {
  readonly project: ProjectState;
  readonly subject: Subject;
  /** Null unless it is of the generation on screen. */
  readonly grid: CoverageGrid | null;
  readonly places: readonly AdvisedPlace[];
}

const GHOST = [255, 176, 32] as const;
const NOTHING = new Float32Array(0);

export class Paint {
  private painted: readonly unknown[] = [];
  private drawn: readonly unknown[] = [];

  constructor(private readonly element: StageElement) {}

  update(asked: Painted): void {
    const { grid, places, project, subject } = asked;
    const { stage } = this.element;
    const shown = project.scene.shown;
    if (!stage || !shown) return;
    const { generation, revision } = shown.manifest;
    const colours = [stage, project.project, subject, generation, subject === "generation" ? revision : grid];
    if (isOther(colours, this.painted)) {
      this.painted = colours;
      stage.paint(painterOf(asked, stage.shownPoints));
    }
    const lines = [stage, project.project, generation, grid, places, project.images.cameras];
    if (!isOther(lines, this.drawn)) return;
    this.drawn = lines;
    const { offset, up } = shown.manifest.frame;
    const { cameras } = project.images;
    const ghosts = ghostLines(places, cameras, upOf(up, cameras), offset);
    const { colors, positions } = linesOf(ghosts, holeLines(grid, offset), GHOST);
    stage.overlay.draw(positions, colors);
  }

  /** Show the object as photographed again. */
  clear(): void {
    if (this.painted.length === 0) return;
    [this.painted, this.drawn] = [[], []];
    this.element.stage?.paint(null);
    this.element.stage?.overlay.draw(NOTHING, NOTHING);
  }
}

function painterOf({ grid, project, subject }: Painted, points: readonly Float32Array[]): Painter | null {
  const shown = project.scene.shown;
  if (!shown) return null;
  const { offset, up } = shown.manifest.frame;
  switch (subject) {
    case "photo":
      return null;
    case "coverage":
      return grid && coveragePainter(grid, offset);
    case "confidence":
      return grid && confidencePainter(grid, offset);
    case "height": {
      const upright = upOf(up, project.images.cameras);
      return heightPainter(upright, ...heightsOf(points, upright));
    }
    case "generation":
      return generationPainter(shown.plan.map(({ entry }) => entry));
  }
}

function isOther(asked: readonly unknown[], before: readonly unknown[]): boolean {
  return asked.length !== before.length || asked.some((each, index) => each !== before[index]);
}
