import { describe, expect, it, vi } from "vitest";

import { annotationOf, shownPoints } from "../../../src/scene/annotations/annotation";
import type { Placed } from "../../../src/scene/annotations/files";
import { csvOf, geoJsonOf } from "../../../src/scene/annotations/files";
import { LeftByPeople, RENEWED_MS } from "../../../src/scene/annotations/left";
import type { SceneState } from "../../../src/scene/reference";
import type { Similarity } from "../../../src/wire/contract";

const ENCODER = new TextEncoder();
const LEAN: Similarity = { scale: 2, rotation_wxyz: [1, 0, 0, 0], translation: [5, 0, 0] };

function payload(change: object = {}, type = "measure"): Uint8Array {
  const about = { type, schema: "1.0", sent_at: "2026-11-29T09:30:00Z", project: "chapel", generation: 2, revision: 3 };
  const measure = {
    kind: "distance",
    points: [
      [1, 0, 0],
      [4, 4, 0],
    ],
    name: "door",
  };
  const note = { point: [1, 2, 3], text: "crack" };
  return ENCODER.encode(JSON.stringify({ ...about, ...(type === "note" ? note : measure), ...change }));
}

function measure(change: object = {}): ReturnType<typeof annotationOf> {
  return annotationOf({ channel: "measure", user: "anna", id: "a1", payload: payload(change) });
}

function generation(number: number, offset: readonly number[]): unknown {
  const frame = { offset, world_from_previous: LEAN };
  return { manifest: { generation: number, previous_generation: number - 1, frame } };
}

function scene(shown: number, coming: number | null = null, offset = [0, 0, 0]): SceneState {
  const state = { shown: generation(shown, offset), coming: coming === null ? null : generation(coming, offset) };
  return state as unknown as SceneState;
}

describe("messages", () => {
  it("are read as measures and notes", () => {
    expect(measure()).toMatchObject({ key: "measure/anna/a1", kind: "distance", words: "door", revision: 3 });
    const note = annotationOf({ channel: "note", user: "bert", id: "n", payload: payload({}, "note") });
    expect(note).toMatchObject({ key: "note/bert/n", kind: "note", words: "crack", points: [[1, 2, 3]] });
  });

  it.each([
    ["another kind of message", payload({}, "note")],
    ["a wrong number of points", payload({ kind: "angle" })],
    ["too large a message", payload({ name: "a".repeat(5000) })],
    ["no JSON", ENCODER.encode("two metres")],
  ])("%s is refused", (_, bad) => {
    expect(() => annotationOf({ channel: "measure", user: "anna", id: "a1", payload: bad })).toThrow(
      expect.objectContaining({ code: "bad_message" }),
    );
  });

  it("the newest of each is kept, and an empty one takes it away", () => {
    let changes = 0;
    const left = new LeftByPeople(() => (changes += 1));
    const match = { channel: "measure", project: "chapel", levels: { user: "anna", annotation: "a1" } } as const;
    left.receive("measure", match, payload());
    left.receive("measure", match, payload({ name: "portal" }));
    expect([...left.messages.keys()]).toEqual(["measure/anna/a1"]);
    left.receive("measure", match, new Uint8Array());
    expect([left.messages.size, changes]).toEqual([0, 3]);
  });

  it("stay over a new connection, until it is sure that somebody took them away meanwhile", () => {
    vi.useFakeTimers();
    let isConnected = true;
    const left = new LeftByPeople(
      () => undefined,
      () => isConnected,
    );
    const put = (id: string): void => {
      left.put({ channel: "measure", user: "anna", id, payload: payload() });
    };
    const ids = (): string[] => [...left.messages.values()].map(({ id }) => id);
    for (const id of ["a1", "a2"]) put(id);
    left.renew();
    expect(ids()).toEqual(["a1", "a2"]);
    isConnected = false; // lost again, before anything came
    vi.advanceTimersByTime(RENEWED_MS);
    expect(ids()).toEqual(["a1", "a2"]);
    isConnected = true;
    left.renew();
    put("a2");
    vi.advanceTimersByTime(RENEWED_MS);
    expect(ids()).toEqual(["a2"]);
    left.forget();
    expect(ids()).toEqual([]);
    vi.useRealTimers();
  });
});

describe("points on the object that is shown", () => {
  it("stay where they are in their own generation", () => {
    expect(shownPoints(measure(), scene(2, null, [1, 1, 1]))[0]).toEqual([0, -1, -1]);
  });

  it("move with the world until the reconstructor has moved them", () => {
    expect(shownPoints(measure(), scene(3))).toEqual([
      [7, 0, 0],
      [13, 8, 0],
    ]);
  });

  it("move back while the world that they are in already is still loading", () => {
    expect(
      shownPoints(
        measure({
          points: [
            [7, 0, 0],
            [13, 8, 0],
          ],
        }),
        scene(1, 2),
      ),
    ).toEqual([
      [1, 0, 0],
      [4, 4, 0],
    ]);
  });
});

describe("files", () => {
  const survey = { project: "chapel", offset: [10, 0, 0], up: [0, 1, 0], metresPerUnit: 2 } as const;
  const formula = { ...measure(), words: '=SUM(A1), "x"' };
  const placed: readonly Placed[] = [
    {
      annotation: formula,
      points: [
        [1, 0, 0],
        [4, 4, 0],
      ],
    },
  ];

  it("CSV has metres, both parts and coordinates, and runs no formula", () => {
    expect(csvOf(placed, survey).split("\r\n")).toEqual([
      "kind,name,author,set_at,unit,distance,horizontal,vertical,angle_deg,area,points",
      'distance,"\'=SUM(A1), ""x""",anna,2026-11-29T09:30:00Z,m,10,6,8,,,22 0 0; 28 8 0',
      "",
    ]);
  });

  it("CSV and GeoJSON have no heights where up is not known, as the files of the reconstructor", () => {
    const unknown = { ...survey, up: null };
    expect(csvOf(placed, unknown).split("\r\n")[1]).toContain(",m,10,,,,,");
    expect((JSON.parse(geoJsonOf(placed, unknown)) as { up: unknown }).up).toBeNull();
  });

  it("CSV leaves coordinates as they are, whatever their sign", () => {
    const note = { ...measure(), kind: "note", words: "-1+1" } as const;
    const line = csvOf([{ annotation: note, points: [[-11, 0, 3]] }], { ...survey, metresPerUnit: null }).split(
      "\r\n",
    )[1];
    expect(line).toBe("note,'-1+1,anna,2026-11-29T09:30:00Z,world units,,,,,,-1 0 3");
  });

  it("GeoJSON has no geometry before the object is shown", () => {
    const unplaced = (["distance", "area", "note"] as const).map((kind) => ({
      annotation: { ...measure(), kind },
      points: [],
    }));
    const { features } = JSON.parse(geoJsonOf(unplaced, survey)) as { features: { geometry: unknown }[] };
    expect(features.map(({ geometry }) => geometry)).toEqual([null, null, null]);
  });

  it("GeoJSON says that its coordinates are local", () => {
    const area = { ...measure(), kind: "area", points: [] } as const;
    const corners = [
      [0, 0, 0],
      [1, 0, 0],
      [1, 1, 0],
    ] as const;
    const text = geoJsonOf([...placed, { annotation: area, points: corners }], { ...survey, metresPerUnit: null });
    const collection = JSON.parse(text) as {
      unit: string;
      coordinate_system: string;
      features: { geometry: object }[];
    };
    expect([collection.unit, collection.coordinate_system]).toEqual(["world units", "local"]);
    expect(collection.features.map(({ geometry }) => geometry)).toEqual([
      {
        type: "LineString",
        coordinates: [
          [11, 0, 0],
          [14, 4, 0],
        ],
      },
      {
        type: "Polygon",
        coordinates: [
          [
            [10, 0, 0],
            [11, 0, 0],
            [11, 1, 0],
            [10, 0, 0],
          ],
        ],
      },
    ]);
  });
});
