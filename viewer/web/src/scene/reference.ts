/** Which reference set is on screen, and when does the next one replace it? Double buffering by generation. Pure. */
import type { CameraEntry, Manifest, ShardEntry, Similarity } from "../wire/contract";
import { shownCamera } from "./components";
import type { CompleteManifest } from "./loading/pages";
import { IDENTITY, betweenOffsets, chained } from "./similarity";
import type { Budget, WantedShard } from "./wanted";
import { wantedShards } from "./wanted";

/** A manifest and its loaded shards. */
export interface ReferenceSet {
  readonly manifest: Manifest;
  readonly shards: readonly ShardEntry[];
  /** The cameras where they are drawn: those of a further component stand beside the leading one. */
  readonly cameras: readonly CameraEntry[];
  /** The shards of the manifest that fit the budget, coarsest first. Computed once for each manifest and budget. */
  readonly plan: readonly WantedShard[];
  /** Loaded shards that the manifest no longer names: an image's first points, until the finer ones are loaded. */
  readonly standIns: readonly WantedShard[];
  /** Points and bytes of every loaded shard, by the shard's key. */
  readonly loaded: ReadonlyMap<string, LoadedShard>;
  /** The time when the coarsest level was complete; null before. */
  readonly levelZeroAtS: number | null;
  /** Transform into this set from the set that was on screen when this one began to load, in shard coordinates. */
  readonly fromShown: Similarity;
}

export interface LoadedShard {
  readonly key: string;
  readonly points: number;
  readonly bytes: number;
}

export interface SceneState {
  readonly shown: ReferenceSet | null;
  readonly coming: ReferenceSet | null;
  readonly budget: Budget;
  /** The number of generation changes on screen. */
  readonly swapCount: number;
  /** Transform into the set on screen from the first set that was ever on screen, in shard coordinates. */
  readonly shownFromFirst: Similarity;
}

/** The longest time that a complete coarsest level waits for finer levels before it is shown. */
export const SWAP_PATIENCE_S = 5;

export function emptyScene(budget: Budget): SceneState {
  return { shown: null, coming: null, budget, swapCount: 0, shownFromFirst: IDENTITY };
}

/** The newest known manifest. */
export function newestManifest(scene: SceneState): Manifest | null {
  return (scene.coming ?? scene.shown)?.manifest ?? null;
}

/** Apply a manifest. An older one, which may arrive after a reconnection, changes nothing; one without points neither. */
export function withManifest(scene: SceneState, complete: CompleteManifest, nowS: number): SceneState {
  const { manifest } = complete;
  const { budget, coming, shown } = scene;
  const newest = newestManifest(scene);
  if (manifest.generation === 0 || (newest && isOlder(manifest, newest))) return scene;
  if (!shown || isSameSet(shown, manifest))
    return { ...scene, shown: renewed(shown, complete, budget, nowS), coming: null };
  const kept = coming && isSameSet(coming, manifest) ? coming : null;
  const fromShown = kept?.fromShown ?? chained(step(newest ?? shown.manifest, manifest), coming?.fromShown ?? IDENTITY);
  return settled({ ...scene, coming: { ...renewed(kept, complete, budget, nowS), fromShown } }, nowS);
}

/** Transform from one generation's shard coordinates to the next one's. After a missed generation: the identity. */
function step(before: Manifest, now: Manifest): Similarity {
  const isNext = now.previous_generation === before.generation;
  return betweenOffsets(isNext ? now.frame.world_from_previous : IDENTITY, before.frame.offset, now.frame.offset);
}

/** Apply a decoded shard. A shard that is no longer wanted, or is already loaded, changes nothing. */
export function withShard(scene: SceneState, shard: LoadedShard, nowS: number): SceneState {
  const shown = scene.shown && added(scene.shown, shard, nowS);
  const coming = scene.coming && added(scene.coming, shard, nowS);
  if (shown === scene.shown && coming === scene.coming) return scene;
  return settled({ ...scene, shown, coming }, nowS);
}

/** Apply the time. A coarsest level that has waited long enough is shown. */
export function withTime(scene: SceneState, nowS: number): SceneState {
  return settled(scene, nowS);
}

/** Apply another budget. Shards beyond it are dropped, finest first. */
export function withBudget(scene: SceneState, budget: Budget, nowS: number): SceneState {
  const fit = (set: ReferenceSet | null): ReferenceSet | null => set && planned(set, set, budget, nowS);
  return settled({ ...scene, budget, shown: fit(scene.shown), coming: fit(scene.coming) }, nowS);
}

export function pointCount(set: ReferenceSet | null): number {
  let sum = 0;
  for (const shard of set?.loaded.values() ?? []) sum += shard.points;
  return sum;
}

/** Whether every shard that fits the budget is loaded. */
export function isComplete(set: ReferenceSet): boolean {
  return set.plan.every((shard) => set.loaded.has(shard.key));
}

/** Swap the sets when the new one has as many points as the old one, is complete, or has waited long enough. */
function settled(scene: SceneState, nowS: number): SceneState {
  const { coming, shown } = scene;
  if (!coming) return scene;
  const hasWaited = coming.levelZeroAtS !== null && nowS - coming.levelZeroAtS >= SWAP_PATIENCE_S;
  const isRich = pointCount(coming) >= pointCount(shown);
  if (!hasWaited && !isRich && !isComplete(coming)) return scene;
  const shownFromFirst = chained(coming.fromShown, scene.shownFromFirst);
  return {
    ...scene,
    shown: { ...coming, fromShown: IDENTITY },
    coming: null,
    swapCount: scene.swapCount + 1,
    shownFromFirst,
  };
}

function added(set: ReferenceSet, shard: LoadedShard, nowS: number): ReferenceSet {
  const isWanted = set.plan.some(({ key }) => key === shard.key);
  if (set.loaded.has(shard.key) || !isWanted) return set;
  const loaded = new Map(set.loaded).set(shard.key, shard);
  const standIns = set.standIns.filter((each) => isAwaited(each, set.plan, loaded));
  for (const { key } of set.standIns) if (!standIns.some((kept) => kept.key === key)) loaded.delete(key);
  return timed({ ...set, standIns, loaded }, nowS);
}

/** Whether finer points of the same image are not loaded yet. */
function isAwaited({ entry }: WantedShard, plan: readonly WantedShard[], loaded: ReferenceSet["loaded"]): boolean {
  const number = entry.image_number;
  return number !== null && plan.some((each) => each.entry.image_number === number && !loaded.has(each.key));
}

/** The loaded shards of the old set that stand in for those of the new plan. */
function standInsFor(
  old: ReferenceSet | null,
  plan: readonly WantedShard[],
  shards: readonly ShardEntry[],
): readonly WantedShard[] {
  if (!old) return [];
  const named = new Set(shards.map(({ index }) => index));
  const { loaded } = old;
  return [...old.plan, ...old.standIns].filter(
    (each) => loaded.has(each.key) && !named.has(each.entry.index) && isAwaited(each, plan, loaded),
  );
}

/** Build a set for this manifest and budget. It keeps the loaded shards that are still wanted, and unchanged cameras. */
function renewed(old: ReferenceSet | null, complete: CompleteManifest, budget: Budget, nowS: number): ReferenceSet {
  const { components, frame } = complete.manifest;
  const found = complete.cameras.map((camera) => shownCamera(camera, components, frame.offset));
  const isSame = old?.cameras.length === found.length && old.cameras.every((each, at) => isSameCamera(each, found[at]));
  return planned(old, { ...complete, cameras: isSame ? old.cameras : found }, budget, nowS);
}

/** A page of cameras is decoded once; those of further components are moved for each manifest, so their values count. */
function isSameCamera(before: CameraEntry, now: CameraEntry | undefined): boolean {
  return before === now || (before.component > 0 && JSON.stringify(before) === JSON.stringify(now));
}

function planned(
  old: ReferenceSet | null,
  { cameras, manifest, shards }: CompleteManifest,
  budget: Budget,
  nowS: number,
): ReferenceSet {
  const plan = wantedShards({ manifest, shards }, budget);
  const standIns = standInsFor(old, plan, shards);
  const keys = new Set([...plan, ...standIns].map(({ key }) => key));
  const kept = [...(old?.loaded ?? [])].filter(([key]) => keys.has(key));
  const loaded = old?.loaded.size === kept.length ? old.loaded : new Map(kept);
  const levelZeroAtS = old?.levelZeroAtS ?? null;
  const fromShown = old?.fromShown ?? IDENTITY;
  return timed({ manifest, shards, cameras, plan, standIns, loaded, levelZeroAtS, fromShown }, nowS);
}

/** Record the time when the coarsest level is complete for the first time. */
function timed(set: ReferenceSet, nowS: number): ReferenceSet {
  if (set.levelZeroAtS !== null || set.loaded.size === 0) return set;
  const { plan } = set;
  const coarsest = plan[0]?.entry.level;
  const isThere = plan.every(({ entry, key }) => entry.level !== coarsest || set.loaded.has(key));
  return isThere ? { ...set, levelZeroAtS: nowS } : set;
}

function isSameSet(set: ReferenceSet, manifest: Manifest): boolean {
  return set.manifest.generation === manifest.generation;
}

/** Whether a manifest is outdated. A restarted project counts from 1 again, so the sending time decides. */
function isOlder(manifest: Manifest, known: Manifest): boolean {
  const step = manifest.generation - known.generation || manifest.revision - known.revision;
  const isSentLater = Date.parse(manifest.sent_at) > Date.parse(known.sent_at);
  return step < 0 ? !isSentLater : step === 0 && manifest.sent_at === known.sent_at;
}
