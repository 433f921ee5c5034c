/** Which pages does a manifest need, and is it complete? Pages are kept by digest, so that each is read only once. Pure. */
import type { CameraEntry, CameraPage, Manifest, ManifestPage, ShardEntry } from "../../wire/contract";
import type { PageChannel } from "../../wire/page";

/** A manifest with what its pages list. */
export interface CompleteManifest {
  readonly manifest: Manifest;
  readonly shards: readonly ShardEntry[];
  readonly cameras: readonly CameraEntry[];
}

/** A page to read. Its key is its digest. */
export interface WantedPage {
  readonly key: string;
  readonly channel: PageChannel;
}

/** The newest manifest and the pages that are here. */
export class PageBook {
  private manifest: Manifest | null = null;
  private pages = new Map<string, ManifestPage | CameraPage>();

  /** Set the newest manifest. Pages that it does not name are dropped. */
  point(manifest: Manifest): void {
    this.manifest = manifest;
    const named = new Set([...manifest.shard_pages, ...manifest.camera_pages]);
    this.pages = new Map([...this.pages].filter(([digest]) => named.has(digest)));
  }

  /** List all pages of the newest manifest. */
  wanted(): readonly WantedPage[] {
    if (!this.manifest) return [];
    const { camera_pages: cameras, shard_pages: shards } = this.manifest;
    return [
      ...shards.map((key): WantedPage => ({ key, channel: "manifest_page" })),
      ...cameras.map((key): WantedPage => ({ key, channel: "camera_page" })),
    ];
  }

  has(digest: string): boolean {
    return this.pages.has(digest);
  }

  add(digest: string, page: ManifestPage | CameraPage): void {
    this.pages.set(digest, page);
  }

  /** The newest manifest with all its pages; null while one is missing. */
  complete(): CompleteManifest | null {
    const { manifest } = this;
    if (!manifest || this.wanted().some(({ key }) => !this.pages.has(key))) return null;
    const shards = manifest.shard_pages.map((key) => this.pages.get(key));
    const cameras = manifest.camera_pages.map((key) => this.pages.get(key));
    return {
      manifest,
      shards: shards.flatMap((page) => (page?.type === "manifest_page" ? page.shards : [])),
      cameras: cameras.flatMap((page) => (page?.type === "camera_page" ? page.cameras : [])),
    };
  }
}
