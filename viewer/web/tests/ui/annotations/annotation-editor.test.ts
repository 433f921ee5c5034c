import type { TemplateResult } from "lit";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Annotation } from "../../../src/scene/annotations/annotation";
import { LeftByPeople } from "../../../src/scene/annotations/left";
import type { Left } from "../../../src/scene/annotations/left";
import { AnnotationEditor } from "../../../src/ui/annotations/editor";
import { AnnotationsPanel } from "../../../src/ui/annotations/panel";
import type { CairnViewer } from "../../../src/ui/cairn-viewer";
import type { Measure, Similarity } from "../../../src/wire/contract";
import { call } from "../../inside";

const TWICE: Similarity = { scale: 2, rotation_wxyz: [1, 0, 0, 0], translation: [5, 0, 0] };
const IDENTITY: Similarity = { scale: 1, rotation_wxyz: [1, 0, 0, 0], translation: [0, 0, 0] };

/** Only what the editor reads of the page. */
interface Page {
  session: { follower: { requests: { leave: (left: Left) => Promise<void>; mayLeave: () => Promise<boolean> } } };
  project: unknown;
}

function project(generation: number, offset: readonly number[], moving: Similarity): unknown {
  const frame = { offset, world_from_previous: moving, metres_per_unit: null, up: [0, 1, 0] };
  const shown = { manifest: { generation, previous_generation: generation - 1, frame } };
  return { project: "chapel", rights: new Set(), images: { cameras: [] }, scene: { shown, coming: null } };
}

describe("the editor", () => {
  const sent: Left[] = [];
  let arrives: () => void = () => undefined;
  let page: Page;
  let left: LeftByPeople;
  let editor: AnnotationEditor;

  function session(): Page["session"] {
    const leave = async (each: Left): Promise<void> => {
      sent.push(each);
      await new Promise<void>((resolve) => (arrives = resolve));
    };
    return { follower: { requests: { leave, mayLeave: () => Promise.resolve(true) } } };
  }

  beforeEach(() => {
    vi.stubGlobal("document", { createElement: () => ({ remove: () => undefined }) }); // Node has none, and the loupe needs a canvas
    vi.stubGlobal("localStorage", undefined);
    sent.length = 0;
    page = { session: session(), project: project(1, [10, 0, 0], IDENTITY) };
    const rest = { credentials: { user: "anna" }, stage: null, requestUpdate: () => undefined };
    left = new LeftByPeople(() => undefined);
    editor = new AnnotationEditor(Object.assign(page, rest) as unknown as CairnViewer, left);
  });

  it("moves what is being set with the world", () => {
    editor.begin("distance");
    editor.tap([0, 0, 0]); // in the world: 10, 0, 0
    page.project = project(2, [20, 0, 0], TWICE);
    editor.tap([6, 0, 0]);
    const { generation, points } = JSON.parse(new TextDecoder().decode(sent[0]?.payload)) as Measure;
    expect([generation, points]).toEqual([
      2,
      [
        [25, 0, 0],
        [26, 0, 0],
      ],
    ]);
  });

  it("computes labels after a change, and not for each frame", () => {
    const figures = vi.spyOn(editor, "figures");
    const stage = { shadowRoot: null, requestUpdate: () => undefined };
    Object.assign(page, { stage });
    const points = [
      [10, 0, 0],
      [13, 4, 0],
    ];
    const about = { type: "measure", schema: "1.0", sent_at: "2026-11-29T09:30:00Z", project: "chapel", generation: 1 };
    const payload = new TextEncoder().encode(JSON.stringify({ ...about, kind: "distance", points, name: "door" }));
    left.put({ channel: "measure", user: "anna", id: "a1", payload });
    editor.changed();
    for (let frame = 0; frame < 5; frame += 1) editor.draw(() => [0, 0]);
    expect(figures).toHaveBeenCalledTimes(1);
    editor.useUnit("cm");
    editor.draw(() => [0, 0]);
    expect(figures).toHaveBeenCalledTimes(2);
  });

  it.each([
    ["arrives", () => undefined, 1],
    ["arrives after the project was left", () => (page.session = session()), 0],
  ])("a note that %s", async (_, meanwhile, listed) => {
    editor.begin("note");
    editor.tap([0, 0, 0]);
    const finished = editor.finish("crack");
    await Promise.resolve();
    meanwhile();
    arrives();
    await finished;
    expect([sent.length, left.messages.size, editor.draft]).toEqual([1, listed, null]);
  });

  /** Somebody's measure in the list, and its annotation. */
  function listed(id: string, words: string): Annotation {
    const points = [
      [10, 0, 0],
      [13, 4, 0],
    ];
    const about = { type: "measure", schema: "1.0", sent_at: "2026-11-29T09:30:00Z", project: "chapel", generation: 1 };
    const message = { ...about, kind: "distance", points, name: words };
    left.put({ channel: "measure", user: "anna", id, payload: new TextEncoder().encode(JSON.stringify(message)) });
    editor.changed();
    const found = editor.annotations.find((each) => each.id === id);
    if (!found) throw new Error("not in the list");
    return found;
  }

  it("moves what is being dragged with the world", () => {
    class Grip extends EventTarget {
      readonly setPointerCapture = (): void => undefined;
    }
    vi.stubGlobal("Element", Grip);
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("cancelAnimationFrame", () => undefined);
    vi.stubGlobal("requestAnimationFrame", (frame: () => void) => {
      frame();
    });
    const stage = { pickPoint: () => [2, 2, 2], requestUpdate: () => undefined };
    Object.assign(page, { stage: { ...stage, stage, shadowRoot: {}, getBoundingClientRect: () => ({}) } });
    const pointer = (type: string): PointerEvent => {
      const event = Object.assign(new Event(type), { pointerId: 1, pointerType: "mouse", clientX: 0, clientY: 0 });
      return Object.defineProperty(event, "currentTarget", { value: new Grip() }) as unknown as PointerEvent;
    };
    editor.dragging.begin(pointer("pointerdown"), listed("a1", "door"), 0);
    window.dispatchEvent(pointer("pointermove")); // in the world: 12, 2, 2
    page.project = project(2, [20, 0, 0], TWICE);
    window.dispatchEvent(pointer("pointerup"));
    const { generation, points } = JSON.parse(new TextDecoder().decode(sent[0]?.payload)) as Measure;
    expect([generation, points]).toEqual([
      2,
      [
        [29, 4, 4],
        [31, 8, 0],
      ],
    ]);
  });

  it("keeps the text of a note that could not be left", async () => {
    page.session.follower.requests.leave = () => Promise.reject(new Error("no connection"));
    Object.assign(page, { toast: { say: () => undefined } });
    editor.begin("note");
    editor.tap([0, 0, 0]);
    await editor.finish("crack");
    expect(editor.draft?.words).toBe("crack");
  });

  it("gives no name twice, also after one was deleted", () => {
    listed("a2", "Distance 2");
    editor.begin("distance");
    editor.tap([0, 0, 0]);
    editor.tap([1, 0, 0]);
    expect((JSON.parse(new TextDecoder().decode(sent[0]?.payload)) as Measure).name).toBe("Distance 3");
  });

  it("says when a tap met no point, until the next tap", () => {
    editor.begin("distance");
    const said = (): unknown => {
      const panel = new AnnotationsPanel();
      panel.editor = editor;
      return JSON.stringify(call(panel, "draft", editor.draft)).includes("There is no point here");
    };
    editor.tap(null);
    expect([said(), editor.draft?.points.length]).toEqual([true, 0]);
    editor.tap([0, 0, 0]);
    expect([said(), editor.draft?.points.length]).toEqual([false, 1]);
    editor.tap(null);
    editor.undo();
    expect(said()).toBe(false);
  });

  it("leaves no outline that crosses itself", async () => {
    editor.begin("area");
    for (const [x, y] of [[0, 0], [4, 3], [4, 0], [0, 3]] as const) editor.tap([x, y, 0]); // prettier-ignore
    expect(editor.isComplete).toBe(false);
    await editor.finish();
    expect([sent.length, editor.draft?.points.length]).toEqual([0, 4]);
    editor.undo();
    expect(editor.isComplete).toBe(true);
  });

  it("keeps each row of the list for its measure, in which somebody may be writing", () => {
    listed("a1", "door");
    const panel = new AnnotationsPanel();
    panel.editor = editor;
    const { values } = call(panel, "list") as TemplateResult;
    const rows = values[0] as { readonly values: readonly [unknown, (annotation: Annotation) => string] };
    expect(editor.annotations.map(rows.values[1])).toEqual(["measure/anna/a1"]);
  });
});
