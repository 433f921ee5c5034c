import { describe, expect, it } from "vitest";

import { PageLoader } from "../../src/scene/loading/page-loader";
import type { CompleteManifest, WantedPage } from "../../src/scene/loading/pages";
import type { Step } from "../../src/scene/loading/queue";
import { PATIENCE_S } from "../../src/scene/loading/queue";
import type { Manifest } from "../../src/wire/contract";
import { sha256 } from "../../src/wire/digest";
import { completeOf } from "../manifests";

interface TestPage {
  readonly digest: string;
  readonly payload: Uint8Array<ArrayBuffer>;
}

async function pageOf(index: number): Promise<TestPage> {
  const { manifest, shards } = completeOf(1, 0, [{ index }]);
  const { generation, project, schema, sent_at: sentAt } = manifest;
  const page = { type: "manifest_page", schema, sent_at: sentAt, project, generation, shards };
  const payload = new TextEncoder().encode(JSON.stringify(page));
  return { payload, digest: (await sha256(payload)).slice(0, 32) };
}

function manifestOf(revision: number, pages: readonly TestPage[]): Manifest {
  return { ...completeOf(1, revision, []).manifest, shard_pages: pages.map(({ digest }) => digest) };
}

function loading() {
  const steps: Step<WantedPage>[] = [];
  const completed: CompleteManifest[] = [];
  const troubles: unknown[] = [];
  const loader = new PageLoader({
    perform: (step) => steps.push(step),
    onComplete: (complete) => completed.push(complete),
    onTrouble: (thrown) => troubles.push(thrown),
  });
  const asked = (): string[] =>
    steps.flatMap((step) => (step.kind === "subscribe" ? step.items.map((each) => each.key) : []));
  const arrive = ({ digest, payload }: TestPage) => loader.receive("manifest_page", digest, payload.slice(), 0);
  return { loader, steps, completed, troubles, asked, arrive };
}

describe("the pages of a manifest", () => {
  it("are read once, and the manifest is told with its last one", async () => {
    const { arrive, asked, completed, loader } = loading();
    const [one, two, three] = [await pageOf(0), await pageOf(1), await pageOf(2)];
    loader.point(manifestOf(0, [one, two]), 10, 0);
    await arrive(two);
    expect(completed).toEqual([]);
    await arrive(one);
    expect(completed.map(({ shards }) => shards.map(({ index }) => index))).toEqual([[0, 1]]);
    loader.point(manifestOf(1, [one, three]), 10, 1);
    expect(asked()).toEqual([one.digest, two.digest, three.digest]);
    await arrive(three);
    expect(completed.at(-1)?.shards.map(({ index }) => index)).toEqual([0, 2]);
  });

  it("are finished before those of a newer manifest, so that a slow link is not always behind", async () => {
    const { arrive, completed, loader } = loading();
    const [one, two, three] = [await pageOf(0), await pageOf(1), await pageOf(2)];
    loader.point(manifestOf(0, [one]), 10, 0);
    loader.point(manifestOf(1, [one, two]), 10, 0);
    loader.point(manifestOf(2, [one, three]), 10, 0);
    await arrive(one);
    await arrive(three);
    expect(completed.map(({ manifest }) => manifest.revision)).toEqual([0, 2]);
  });

  it("that do not come are left for those of the newest manifest", async () => {
    const { arrive, completed, loader, steps } = loading();
    const [gone, here] = [await pageOf(0), await pageOf(1)];
    loader.point(manifestOf(0, [gone]), 10, 0);
    loader.load(PATIENCE_S);
    expect(steps.map(({ kind }) => kind)).toContain("reread");
    loader.point(manifestOf(1, [here]), 10, PATIENCE_S);
    await arrive(here);
    expect(completed.map(({ manifest }) => manifest.revision)).toEqual([1]);
  });

  it("that stay missing are asked for again, and come", async () => {
    const { arrive, completed, loader, steps } = loading();
    const late = await pageOf(0);
    loader.point(manifestOf(0, [late]), 10, 0);
    for (const rounds of [1, 2]) loader.load(rounds * PATIENCE_S);
    expect(steps.map(({ kind }) => kind)).toContain("resync");
    await arrive(late);
    expect(completed).toHaveLength(1);
  });

  it("with other bytes than their digest says are refused", async () => {
    const { arrive, completed, loader, troubles } = loading();
    const page = await pageOf(0);
    loader.point(manifestOf(0, [page]), 10, 0);
    await arrive({ ...page, payload: new TextEncoder().encode("{}") });
    expect([completed.length, troubles.length]).toEqual([0, 1]);
    await arrive(page);
    expect(completed).toHaveLength(1);
  });

  it("that stay damaged are left for those of the newest manifest", async () => {
    const { arrive, completed, loader } = loading();
    const [damaged, here] = [await pageOf(0), await pageOf(1)];
    loader.point(manifestOf(0, [damaged]), 10, 0);
    for (let round = 0; round < 3; round += 1) await arrive({ ...damaged, payload: new TextEncoder().encode("{}") });
    loader.point(manifestOf(1, [here]), 10, 0);
    await arrive(here);
    expect(completed.map(({ manifest }) => manifest.revision)).toEqual([1]);
  });
});
