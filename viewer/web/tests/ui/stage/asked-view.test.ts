import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Stage } from "../../../src/render/stage";
import type { ProjectState } from "../../../src/scene/state";
import { initialState, reduce } from "../../../src/scene/state";
import { DESKTOP_BUDGET, wantedShards } from "../../../src/scene/wanted";
import { StageElement } from "../../../src/ui/stage/stage-element";
import { StageSync } from "../../../src/ui/stage/stage-sync";
import type { Viewpoint } from "../../../src/wire/address";
import { completeOf } from "../../manifests";

const VIEW: Viewpoint = { position: [1, 2, 3], target: [0, 0, 0] };

/** A stage that tells from where the object is seen. */
class Watched {
  readonly seenFrom: Viewpoint[] = [];
  readonly shownPoints = [Float32Array.of(0, 0, 0, 1, 0, 0)];
  readonly clouds = { spacedClouds: [] };
  readonly framer = {
    frame: () => undefined,
    fit: () => undefined,
    isFitting: () => true,
    standAt: (viewpoint: Viewpoint) => this.seenFrom.push(viewpoint),
  };
  readonly inset = (): void => undefined;
  readonly show = (): void => undefined;
  readonly stand = (): void => undefined;
  readonly placeCameras = (): void => undefined;
}

/** The part of Lit's cycle that brings what changed to the stage; nothing is drawn without a document. */
class Element extends StageElement {
  readonly watched = new Watched();

  constructor() {
    super();
    this.stage = this.watched as unknown as Stage;
    this.sync = new StageSync(this.stage);
  }

  turn(change: { readonly project?: ProjectState | null; readonly viewpoint?: Viewpoint | null }): void {
    Object.assign(this, change);
    this.updated(new Map(Object.keys(change).map((name) => [name, undefined])) as never);
  }
}

function shown(project: string): ProjectState {
  const complete = completeOf(1, 0, [{ index: 0 }]);
  const shards = wantedShards(complete, DESKTOP_BUDGET).map(
    ({ encoded, entry, key }) =>
      ({ kind: "shard", shard: { key, points: entry.point_count, bytes: encoded.size_bytes } }) as const,
  );
  return [{ kind: "manifest", complete, bytes: 1 } as const, ...shards].reduce<ProjectState>(
    (state, action) => reduce(state, action, 0, 0),
    initialState(project, DESKTOP_BUDGET),
  );
}

const empty = (project: string): ProjectState => initialState(project, DESKTOP_BUDGET);

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: true })); // Node has no screen
  if (!customElements.get("test-stage")) customElements.define("test-stage", Element);
});

describe("the view that a link names", () => {
  it("is shown after a login, when the stage has been there for long", () => {
    const element = new Element();
    element.turn({ project: null, viewpoint: null });
    element.turn({ project: empty("chapel"), viewpoint: VIEW });
    element.turn({ project: shown("chapel") });
    expect(element.watched.seenFrom).toEqual([VIEW]);
  });

  it("is shown when another project was open before", () => {
    const element = new Element();
    element.turn({ project: shown("castle") });
    element.turn({ project: null });
    element.turn({ project: empty("chapel"), viewpoint: VIEW });
    element.turn({ project: shown("chapel") });
    expect(element.watched.seenFrom).toEqual([VIEW]);
  });

  it("is not shown of another project that is opened meanwhile", () => {
    const element = new Element();
    element.sync?.beginAt(VIEW);
    element.turn({ project: empty("castle"), viewpoint: null });
    element.turn({ project: shown("castle") });
    expect(element.watched.seenFrom).toEqual([]);
  });

  it("ends with the project, also when the visitor moved the view before the object came", () => {
    const element = new Element();
    element.sync?.beginAt(VIEW);
    element.sync?.hold();
    element.turn({ project: shown("chapel") });
    element.turn({ project: empty("castle") });
    element.turn({ project: shown("castle") });
    expect(element.watched.seenFrom).toEqual([]);
  });
});
