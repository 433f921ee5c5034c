/** Which small photographs are asked for? By exact topic, only while somebody looks, and each one once. Pure. */

/** What to say to the broker. */
export interface Orders {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/** Verified JPEG bytes by image id. */
export type Thumbnails = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A screen full of them; each has a few kilobytes. */
export const MOST_KEPT = 240;
const MOST_WANTED = 120;

/** Keeps the books of one connection's thumbnail subscriptions. */
export class ThumbnailOrders {
  private readonly open = new Set<string>();
  private wanted: readonly string[] = [];

  /** From now on these are looked at; the first ones matter most. */
  want(imageIds: readonly string[], isHere: (imageId: string) => boolean): Orders {
    this.wanted = [...new Set(imageIds)].slice(0, MOST_WANTED);
    return this.plan(isHere);
  }

  /** A new connection has no subscriptions yet. */
  reset(isHere: (imageId: string) => boolean): Orders {
    this.open.clear();
    return this.plan(isHere);
  }

  /** It came, so the subscription has done its work; whether it had been asked for. */
  arrived(imageId: string): boolean {
    return this.open.delete(imageId);
  }

  private plan(isHere: (imageId: string) => boolean): Orders {
    const missing = this.wanted.filter((imageId) => !isHere(imageId));
    const subscribe = missing.filter((imageId) => !this.open.has(imageId));
    const unsubscribe = [...this.open].filter((imageId) => !missing.includes(imageId));
    for (const imageId of subscribe) this.open.add(imageId);
    for (const imageId of unsubscribe) this.open.delete(imageId);
    return { subscribe, unsubscribe };
  }
}

/** With one more; the ones that came first are forgotten first. */
export function withThumbnail(thumbnails: Thumbnails, imageId: string, bytes: Uint8Array<ArrayBuffer>): Thumbnails {
  const others = [...thumbnails].filter(([name]) => name !== imageId);
  return new Map([...others.slice(Math.max(0, others.length + 1 - MOST_KEPT)), [imageId, bytes]]);
}
