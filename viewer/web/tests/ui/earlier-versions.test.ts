import { afterEach, describe, expect, it, vi } from "vitest";

import type { ReferenceSet } from "../../src/scene/reference";
import { IDENTITY } from "../../src/scene/similarity";
import type { SpacedCloud } from "../../src/scene/spacing";
import { EarlierVersions } from "../../src/ui/stage/earlier-versions";

function generation(number: number): ReferenceSet {
  return { manifest: { generation: number } } as unknown as ReferenceSet;
}

function clouds(...counts: readonly number[]): readonly SpacedCloud[] {
  return counts.map((count) => ({
    measured: { count, pointsInWorld: new Float32Array(), tintsAndSizes: new Uint8Array(), density: 1 },
    spacing: 1,
  }));
}

function follow(versions: EarlierVersions, before: number, now: number, shown = clouds(10)): void {
  versions.follow(generation(before), generation(now), () => shown, IDENTITY);
}

describe("the earlier versions", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const device = (isPhone: boolean): void => {
    vi.stubGlobal("matchMedia", () => ({ matches: isPhone }));
  };

  it("are the last two, the newest first", () => {
    device(false);
    const versions = new EarlierVersions();
    follow(versions, 1, 2);
    follow(versions, 2, 2);
    follow(versions, 2, 3);
    follow(versions, 3, 4);
    expect(versions.all.map((each) => each.generation)).toEqual([3, 2]);
  });

  it("are forgotten when a project begins again", () => {
    device(false);
    const versions = new EarlierVersions();
    follow(versions, 4, 5);
    follow(versions, 5, 1);
    expect(versions.all).toEqual([]);
  });

  it("keep fewer points on a phone, which are drawn larger", () => {
    device(true);
    const versions = new EarlierVersions();
    follow(versions, 1, 2, clouds(100_000, 100_000, 200_000));
    const [first] = versions.all;
    expect(first?.clouds.map(({ measured }) => measured.count)).toEqual([100_000]);
    expect(first?.clouds[0]?.spacing).toBe(2);
  });
});
