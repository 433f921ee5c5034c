/** Which earlier versions can be compared? Those that this page has shown, and those that the reconstructor keeps. */
import type { DrawnVersion } from "../../render/documentation/drawing";
import type { Accuracy, Mark } from "../../scene/documentation/generations";
import { accuracyOf, presentFromEarlier, timeLine } from "../../scene/documentation/generations";
import type { FurtherChannels } from "../../scene/further";
import { chained, inverse } from "../../scene/similarity";
import type { SpacedCloud } from "../../scene/spacing";
import { measure } from "../../scene/spacing";
import type { PointCloud } from "../../wire/clouds/cloud";
import type { EarlierShard, GenerationRow } from "../../wire/contract";
import type { PageAccess } from "../../wire/earlier";
import { fetchEarlier, readGenerations } from "../../wire/earlier";
import { isPhone } from "../device";
import type { EarlierVersion } from "../stage/earlier-versions";
import type { Snapshot } from "./snapshot";
import type { Activity } from "./time-line";

/** What became of the chosen version. */
export type Coming = "shown" | "loading" | "gone" | "failed" | "present";

/** On phones every second shard: each of them spreads over the whole object. */
const SHARDS_ON_PHONES = 4;

/** Where earlier versions come from. */
export interface EarlierSource {
  readonly access: PageAccess;
  readonly further: FurtherChannels;
}

export class Earlier {
  /** The generation to compare with; null: none is chosen yet. */
  chosen: number | null = null;
  coming: Coming = "shown";
  private rows: readonly GenerationRow[] = [];
  private readonly fetched = new Map<number, EarlierVersion>();
  private readonly end: () => void;
  /** Aborted when another version is chosen. */
  private loading = new AbortController();

  constructor(
    private readonly snapshot: Snapshot,
    private readonly source: EarlierSource | null,
    private readonly onChange: () => void,
  ) {
    const take = (payload: Uint8Array): void => {
      this.take(payload);
    };
    this.end = source?.further.follow("generations", take) ?? (() => undefined);
  }

  /** Stop following. */
  forget(): void {
    this.end();
    this.loading.abort();
  }

  /** The generations before the present one of which there are points, the newest first. */
  get offered(): readonly number[] {
    const { earlier, manifest } = this.snapshot;
    const kept = this.rows.filter(({ shards }) => shards.length > 0).map(({ generation }) => generation);
    const all = new Set([...earlier.map(({ generation }) => generation), ...(this.source ? kept : [])]);
    return [...all].filter((each) => each < manifest.generation).sort((one, other) => other - one);
  }

  /** What happened, the oldest first. */
  marks(activity: Activity): readonly Mark[] {
    return timeLine(this.rows, activity, this.snapshot.manifest.generation);
  }

  /** How well a generation fits; null without a row of it. */
  accuracy(generation: number): Accuracy | null {
    const { cameras, manifest } = this.snapshot;
    if (generation === manifest.generation) return accuracyOf(manifest, cameras);
    return this.rows.find((row) => row.generation === generation) ?? null;
  }

  /** Choose the newest version unless one is chosen, and return it like `drawn`. */
  begin(): DrawnVersion | null {
    const [newest] = this.offered;
    if (this.chosen === null && newest !== undefined) void this.choose(newest);
    return this.drawn;
  }

  /** The chosen version in the present world, once its points are here. */
  get drawn(): DrawnVersion | null {
    const version = this.version;
    if (!version) return null;
    const worldFromVersion = chained(this.snapshot.shownFromFirst, inverse(version.versionFromFirst));
    return { clouds: version.clouds, worldFromVersion };
  }

  private get version(): EarlierVersion | null {
    const { chosen, fetched, snapshot } = this;
    if (chosen === null) return null;
    return snapshot.earlier.find(({ generation }) => generation === chosen) ?? fetched.get(chosen) ?? null;
  }

  /** Choose a version; its points are loaded where this page does not have them. */
  async choose(generation: number): Promise<void> {
    this.chosen = generation;
    this.coming = this.stateOf(generation);
    this.loading.abort();
    this.loading = new AbortController();
    this.onChange();
    if (this.coming !== "loading") return;
    const { signal } = this.loading;
    const coming = await this.load(generation, signal);
    if (signal.aborted) return; // another one was chosen meanwhile
    this.coming = coming;
    this.onChange();
  }

  private stateOf(generation: number): Coming {
    if (generation === this.snapshot.manifest.generation) return "present";
    if (this.version) return "shown";
    return this.offered.includes(generation) ? "loading" : "gone";
  }

  private async load(generation: number, ended: AbortSignal): Promise<Coming> {
    const { snapshot, source } = this;
    const row = this.rows.find((each) => each.generation === generation);
    const presentFromVersion = presentFromEarlier(this.rows, generation, snapshot.manifest.generation);
    if (!source || !row || !presentFromVersion) return "gone";
    const wanted = isPhone() ? row.shards.slice(0, SHARDS_ON_PHONES) : row.shards;
    const get = async (shard: EarlierShard): Promise<PointCloud | null> =>
      fetchEarlier(source.access, generation, shard, ended);
    try {
      // With the first one, the page server gets all of them; until then each would count as one that waits.
      const clouds: (PointCloud | null)[] = [];
      for (const shards of [wanted.slice(0, 1), wanted.slice(1)]) {
        clouds.push(...(await Promise.all(shards.map(get))));
        if (clouds.includes(null)) return "gone";
      }
      const found = clouds.filter((cloud) => cloud !== null);
      this.fetched.set(generation, {
        generation,
        clouds: spaced(found.map(measure)),
        versionFromFirst: chained(inverse(presentFromVersion), snapshot.shownFromFirst),
      });
      return "shown";
    } catch {
      return "failed";
    }
  }

  private take(payload: Uint8Array): void {
    try {
      this.rows = payload.length > 0 ? readGenerations(payload).generations : [];
    } catch {
      this.rows = []; // of another version of the program
    }
    this.onChange();
  }
}

/** All of them spread over the whole object, so their densities add up. */
function spaced(clouds: readonly SpacedCloud["measured"][]): readonly SpacedCloud[] {
  const density = clouds.reduce((sum, each) => sum + each.density, 0);
  return clouds.map((measured) => ({ measured, spacing: 1 / Math.sqrt(Math.max(density, Number.MIN_VALUE)) }));
}
