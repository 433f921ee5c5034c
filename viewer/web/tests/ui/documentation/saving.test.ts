import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Documentation } from "../../../src/ui/documentation/element";
import { makeFilm } from "../../../src/ui/documentation/film";
import { Saving } from "../../../src/ui/documentation/saving";

const done = vi.hoisted(() => ({ saved: 0, disposed: 0, drawings: 0, cancelled: 0, isLost: false }));

vi.mock("../../../src/ui/documentation/save-sheet", () => ({
  saveSheet: () => {
    done.saved += 1;
    return Promise.resolve();
  },
}));
vi.mock("../../../src/render/documentation/drawing", () => ({
  Drawing: class {
    constructor() {
      done.drawings += 1;
    }
    resize(): void {
      return;
    }
    draw(): void {
      return;
    }
    get isLost(): boolean {
      return done.isLost;
    }
    dispose(): void {
      done.disposed += 1;
    }
  },
}));
vi.mock("../../../src/ui/documentation/film-writer", () => ({
  FRAMES_PER_S: 1,
  filmWriter: (canvas: { readonly canWrite: boolean }) =>
    Promise.resolve(
      canvas.canWrite && {
        addFrame: () => Promise.reject(new Error("the encoder broke")),
        cancel: () => {
          done.cancelled += 1;
          return Promise.resolve();
        },
      },
    ),
}));

const box = { low: [0, 0, 0], high: [1, 1, 1] } as const;
const axes = { origin: [0, 0, 0], right: [1, 0, 0], up: [0, 1, 0], toward: [0, 0, 1] } as const;

beforeEach(() => {
  Object.assign(done, { saved: 0, disposed: 0, drawings: 0, cancelled: 0, isLost: false });
});

describe("a sheet", () => {
  function host(sheet: () => Promise<object | null>): Record<string, unknown> {
    const draw = { requestDraw: () => undefined, requestUpdate: () => undefined };
    const seen = { axes, clip: { axes, box }, box };
    return {
      ...draw,
      isConnected: true,
      drawing: { sheet },
      seen,
      sheet: {},
      snapshot: {},
      frame: { metres_per_unit: 1 },
    };
  }

  it("is saved once it is drawn", async () => {
    const saving = new Saving(host(() => Promise.resolve({})) as unknown as Documentation);
    await saving.sheet("png");
    expect([done.saved, saving.failure, saving.progress]).toEqual([1, null, null]);
  });

  it("is not saved blank where the graphics were interrupted, which is said", async () => {
    const saving = new Saving(host(() => Promise.resolve(null)) as unknown as Documentation);
    await saving.sheet("png");
    expect([done.saved, saving.failure, saving.progress]).toEqual([0, "The graphics were interrupted", null]);
  });

  it("is not saved after the views were closed", async () => {
    const page = host(() => {
      page["isConnected"] = false;
      return Promise.resolve({});
    });
    await new Saving(page as unknown as Documentation).sheet("pdf");
    expect(done.saved).toBe(0);
  });
});

describe("a film that fails", () => {
  const measured = { pointsInWorld: new Float32Array(3), tintsAndSizes: new Uint8Array(4), count: 1, density: 1 };
  const manifest = { frame: { offset: [0, 0, 0] } };
  const snapshot = {
    title: "Chapel",
    clouds: [{ measured, spacing: 1 }],
    cameras: [],
    manifest,
    facade: { axes },
    whole: box,
  };

  async function made(canWrite: boolean, onFrame = (): boolean => true, cameras: object[] = []): Promise<unknown> {
    const context = { fillRect: () => undefined, drawImage: () => undefined, fillText: () => undefined };
    vi.stubGlobal("document", { createElement: () => ({ canWrite, getContext: () => context }) });
    const options = { snapshot: { ...snapshot, cameras }, colours: { ground: "#000", ink: "#fff" }, onFrame };
    return makeFilm(options as unknown as Parameters<typeof makeFilm>[0]).finally(() => {
      vi.unstubAllGlobals();
    });
  }

  it("leaves no drawing where the browser writes no videos", async () => {
    await expect(made(false)).rejects.toThrow("cannot write videos");
    expect(done.disposed).toBe(done.drawings);
  });

  it("is given up while its first frame is prepared", async () => {
    const place = { component: 0, image_number: 1, width_px: 100, height_px: 100, intrinsics: [100, 100, 50, 50] };
    const world_from_camera = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, -5],
    ];
    expect(await made(true, () => false, [{ ...place, world_from_camera }])).toBeNull();
    expect(done).toMatchObject({ drawings: 0, cancelled: 1 });
  });

  it("ends the recording and frees the drawing", async () => {
    await expect(made(true)).rejects.toThrow("the encoder broke");
    expect(done).toMatchObject({ drawings: 1, disposed: 1, cancelled: 1 });
  });

  it("ends where the graphics are interrupted, and has no empty frames", async () => {
    done.isLost = true;
    await expect(made(true)).rejects.toThrow("The graphics were interrupted");
    expect(done).toMatchObject({ drawings: 1, disposed: 1, cancelled: 1 });
  });
});
