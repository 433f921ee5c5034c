/** How are measures and notes made and changed? A draft takes points, a drag moves them, and the result is left for all. */
import type { SVGTemplateResult } from "lit";

import type { Annotation, Kind } from "../../scene/annotations/annotation";
import { KINDS, annotationOf, isWithoutArea, shownPoints } from "../../scene/annotations/annotation";
import type { Placed, Survey } from "../../scene/annotations/files";
import type { Figures } from "../../scene/annotations/geometry";
import { NO_FIGURES, POINT_COUNTS, figuresOf } from "../../scene/annotations/geometry";
import type { Left, LeftByPeople } from "../../scene/annotations/left";
import type { Vector } from "../../scene/framing";
import { upOf } from "../../scene/framing";
import { plus } from "../../scene/scale";
import type { Measure, Note } from "../../wire/contract";
import { freshName } from "../../wire/ids";
import { encodeMessage } from "../../wire/messages";
import type { CairnViewer } from "../cairn-viewer";
import { speech } from "../language/language";
import { errorWords } from "../language/t";
import type { StageLayer } from "../stage/stage-overlay";
import { Dragging } from "./dragging";
import type { Place } from "./drawing";
import { AnnotationLayer } from "./layer";
import type { Unit } from "./units";
import { keepUnit, keptUnit } from "./units";
import { w } from "./words";

import "./panel";

export { loadWords } from "./words";

export const MOST = 200;

/** What is being set. */
export interface Draft {
  readonly kind: Kind;
  /** In the world of the generation. */
  readonly points: readonly Vector[];
  readonly generation: number;
  /** The text of a note that could not be left. */
  readonly words?: string;
  /** Whether the last tap met no point. */
  readonly isMissed?: boolean;
}

/** What is changed of an annotation. */
interface Change {
  readonly words: string;
  /** In the coordinates of the shards on screen. */
  readonly points: readonly Vector[];
}

export class AnnotationEditor implements StageLayer {
  /** Grows with each change, so that the panel is drawn again. */
  version = 0;
  annotations: readonly Annotation[] = [];
  draft: Draft | null = null;
  selected: string | null = null;
  unit: Unit = keptUnit();
  /** Whether this account may leave anything; null until the broker has said so. */
  mayWrite: boolean | null = null;
  private readonly read = new Map<string, { readonly payload: Uint8Array; readonly annotation: Annotation | null }>();
  readonly dragging = new Dragging(this);
  private readonly layer = new AnnotationLayer(this);

  constructor(
    readonly host: CairnViewer,
    private readonly left: LeftByPeople,
  ) {
    this.changed();
  }

  get isTapped(): boolean {
    return this.draft !== null && this.draft.points.length < pointsOf(this.draft.kind)[1];
  }

  get isEmpty(): boolean {
    return this.annotations.length === 0 && this.draft === null;
  }

  get metresPerUnit(): number | null {
    return this.host.project?.scene.shown?.manifest.frame.metres_per_unit ?? null;
  }

  /** Where up is; estimated from the cameras where the survey does not say it. */
  get up(): Vector {
    return upOf(this.survey.up, this.host.project?.images.cameras ?? []);
  }

  get user(): string {
    return this.host.credentials?.user ?? "";
  }

  /** Everything that is left, with its points on the object that is shown. */
  get placed(): readonly Placed[] {
    const scene = this.host.project?.scene;
    return scene ? this.annotations.map((annotation) => ({ annotation, points: shownPoints(annotation, scene) })) : [];
  }

  get survey(): Survey {
    const project = this.host.project?.project ?? "";
    const up = this.host.project?.scene.shown?.manifest.frame.up ?? null;
    return { project, offset: this.offset, up, metresPerUnit: this.metresPerUnit };
  }

  /** Read what is left, and draw it. A message that nobody can read is left out. */
  changed(): void {
    for (const [key, left] of this.left.messages)
      if (this.read.get(key)?.payload !== left.payload)
        this.read.set(key, { payload: left.payload, annotation: readable(left) });
    for (const key of this.read.keys()) if (!this.left.messages.has(key)) this.read.delete(key);
    const all = [...this.read.values()].flatMap(({ annotation }) => annotation ?? []);
    this.annotations = all.sort(inListOrder);
    this.update();
  }

  /** Find out whether this account may leave anything. */
  async open(): Promise<void> {
    const { session } = this.host;
    const mayWrite = (await session?.follower.requests.mayLeave().catch(() => null)) ?? null;
    if (session !== this.host.session) return; // another project or account
    this.mayWrite = mayWrite;
    this.update();
  }

  mayChange({ user }: Annotation): boolean {
    const isOperator = this.host.project?.rights.has("refetch") === true;
    return this.mayWrite === true && (user === this.user || isOperator);
  }

  get isFull(): boolean {
    return this.annotations.filter(({ user }) => user === this.user).length >= MOST;
  }

  begin(kind: Kind): void {
    [this.draft, this.selected] = [{ kind, points: [], generation: this.generation ?? 0 }, null];
    this.update();
  }

  cancel(): void {
    this.draft = null;
    this.update();
  }

  /** Take the last point back. */
  undo(): void {
    if (this.draft) this.draft = withPoints(this.draft, this.draft.points.slice(0, -1));
    this.update();
  }

  tap(point: Vector | null): void {
    this.carry();
    if (!this.draft) return;
    this.draft = withPoints(this.draft, point && [...this.draft.points, plus(point, this.offset)]);
    const { kind, points } = this.draft;
    if (kind !== "note" && points.length === pointsOf(kind)[1] && this.isComplete) void this.finish();
    else this.update();
  }

  /** Whether the draft can be left: it has enough points, and no outline that crosses itself. */
  get isComplete(): boolean {
    const { draft } = this;
    return draft !== null && draft.points.length >= pointsOf(draft.kind)[0] && !isWithoutArea(draft);
  }

  /** Leave the draft for everybody; a note with its text. */
  async finish(text = ""): Promise<void> {
    this.carry();
    const { draft } = this;
    const { session } = this.host;
    if (!draft || !this.isComplete) return;
    const words = draft.kind === "note" ? text : this.unusedName(draft.kind);
    const channel = draft.kind === "note" ? "note" : "measure";
    const id = freshName();
    this.draft = null;
    const isLeft = await this.leave({ channel, user: this.user, id, kind: draft.kind }, 1, {
      words,
      points: this.pointsOn(draft),
    });
    if (session !== this.host.session) return; // another project or account
    if (isLeft) this.select(`${channel}/${this.user}/${id}`);
    else this.draft ??= { ...draft, words };
    this.update();
  }

  /** A name that no other one has, also after some were deleted. */
  private unusedName(kind: Kind): string {
    const taken = new Set(this.annotations.map(({ words }) => words));
    const named = (number: number): string => w("named", { kind: w(kind), number });
    let number = this.annotations.filter((each) => each.kind === kind).length + 1;
    while (taken.has(named(number))) number += 1;
    return named(number);
  }

  select(key: string | null): void {
    this.selected = key;
    this.update();
  }

  async rename(annotation: Annotation, words: string): Promise<void> {
    await this.leave(annotation, annotation.revision + 1, { words, points: this.pointsOn(annotation) });
  }

  async move(annotation: Annotation, points: readonly Vector[]): Promise<void> {
    await this.leave(annotation, annotation.revision + 1, { words: annotation.words, points });
  }

  async remove({ channel, id, user }: Annotation): Promise<void> {
    await this.send({ channel, user, id, payload: new Uint8Array() });
  }

  useUnit(unit: Unit): void {
    this.unit = unit;
    keepUnit(unit);
    this.update();
  }

  figures({ kind }: { readonly kind: Kind }, points: readonly Vector[]): Figures {
    return kind === "note" ? NO_FIGURES : figuresOf(kind, points, this.up);
  }

  pointsOn(annotation: Pick<Annotation, "generation" | "points">): readonly Vector[] {
    const scene = this.host.project?.scene;
    return scene ? shownPoints(annotation, scene) : [];
  }

  draw(project: (point: Vector) => Place): SVGTemplateResult {
    this.carry();
    this.dragging.carry();
    return this.layer.draw(project);
  }

  /** Draw panel and canvas again. */
  update(): void {
    this.version += 1;
    this.host.requestUpdate();
    this.host.stage?.requestUpdate();
  }

  /** A point was pressed: the annotation is chosen, and one that is chosen already is dragged. */
  press(event: PointerEvent, annotation: Annotation, at: number): void {
    event.preventDefault();
    const wasSelected = this.selected === annotation.key;
    this.select(annotation.key);
    this.host.change({ isAnnotating: true, isMeasuring: false, hasCoverage: false });
    if (wasSelected && this.mayChange(annotation)) this.dragging.begin(event, annotation, at);
  }

  /** Points in the world that is shown: what is set or dragged moves as the reconstructor moves what is left. */
  carried<P extends Pick<Annotation, "generation" | "points">>(about: P): P {
    const { generation } = this;
    if (generation === undefined || about.generation === generation) return about;
    return { ...about, points: this.pointsOn(about).map((point) => plus(point, this.offset)), generation };
  }

  private carry(): void {
    this.draft &&= this.carried(this.draft);
  }

  /** The generation that is shown. */
  private get generation(): number | undefined {
    return this.host.project?.scene.shown?.manifest.generation;
  }

  get offset(): Vector {
    return this.host.project?.scene.shown?.manifest.frame.offset ?? [0, 0, 0];
  }

  /** Publish an annotation; whether the broker took it. */
  private async leave(
    { channel, id, kind, user }: Pick<Annotation, "channel" | "id" | "kind" | "user">,
    revision: number,
    { points, words }: Change,
  ): Promise<boolean> {
    const { project } = this.host;
    const { generation } = this;
    const world = points.map((point) => plus(point, this.offset));
    const [first] = world;
    if (!project || generation === undefined || !first) return false;
    const about = { project: project.project, generation, revision };
    const payload =
      kind === "note"
        ? encodeMessage<Note>({ type: "note", ...about, point: first, text: words })
        : encodeMessage<Measure>({ type: "measure", ...about, kind, points: world, name: words });
    return this.send({ channel, user, id, payload });
  }

  /** Publish a message, and show it at once. */
  private async send(left: Left): Promise<boolean> {
    const { session } = this.host;
    try {
      await session?.follower.requests.leave(left);
    } catch (thrown) {
      if (session === this.host.session) this.host.toast.say(errorWords(thrown), true);
      return false;
    }
    if (session !== this.host.session) return false; // the list is another project's now
    this.left.put(left);
    return true;
  }
}

/** The kinds one after the other, each by its names as people number them, so that a change moves nothing else. */
function inListOrder(one: Annotation, other: Annotation): number {
  const names = one.words.localeCompare(other.words, speech().locale, { numeric: true });
  return KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind) || names || (one.key < other.key ? -1 : 1);
}

/** The draft with other points; null: the same, because a tap met none. */
function withPoints(draft: Draft, points: readonly Vector[] | null): Draft {
  return { ...draft, points: points ?? draft.points, isMissed: points === null };
}

function pointsOf(kind: Kind): readonly [fewest: number, most: number] {
  return kind === "note" ? [1, 1] : POINT_COUNTS[kind];
}

function readable(left: Left): Annotation | null {
  try {
    return annotationOf(left);
  } catch {
    return null;
  }
}
