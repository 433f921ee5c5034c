/** What did the object look like before? The points of the last generations that this page has shown. */
import type { ReferenceSet } from "../../scene/reference";
import type { SpacedCloud } from "../../scene/spacing";
import type { Similarity } from "../../wire/contract";
import { isPhone } from "../device";

/** An earlier generation, its coarsest shards first. */
export interface EarlierVersion {
  readonly generation: number;
  readonly clouds: readonly SpacedCloud[];
  /** Transform into its world from the first world on screen, in shard coordinates. */
  readonly versionFromFirst: Similarity;
}

const KEPT = 2;
const MOST_POINTS = 600_000;
const MOST_POINTS_ON_PHONES = 120_000;

export class EarlierVersions {
  /** The newest first. */
  all: readonly EarlierVersion[] = [];

  forget(): void {
    this.all = [];
  }

  /** Keep the shown points of a generation that another one replaces. A project that restarts keeps nothing. */
  follow(
    before: ReferenceSet | null,
    now: ReferenceSet | null,
    clouds: () => readonly SpacedCloud[],
    versionFromFirst: Similarity,
  ): void {
    if (!before || !now || before.manifest.generation === now.manifest.generation) return;
    const { generation } = before.manifest;
    const isNext = now.manifest.generation > generation;
    this.all = isNext ? [{ generation, clouds: coarse(clouds()), versionFromFirst }, ...this.all].slice(0, KEPT) : [];
  }
}

/** The first shards up to a number of points: a complete version of lower quality, with larger points. */
function coarse(clouds: readonly SpacedCloud[]): readonly SpacedCloud[] {
  const most = isPhone() ? MOST_POINTS_ON_PHONES : MOST_POINTS;
  let sum = 0;
  const kept = clouds.filter(({ measured }) => (sum += measured.count) <= most);
  const count = kept.reduce((total, { measured }) => total + measured.count, 0);
  const enlargement = Math.sqrt(sum / Math.max(1, count));
  return kept.map(({ measured, spacing }) => ({ measured, spacing: enlargement * spacing }));
}
