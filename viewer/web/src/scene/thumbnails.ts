/** Which thumbnails does the page subscribe to? Those in view, each by its exact topic and only once. Pure. */

/** The image ids to subscribe to and to unsubscribe from. */
export interface Orders {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/** Verified JPEG bytes by image id. */
export type Thumbnails = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The number of thumbnails kept: about a screen full, a few kilobytes each. */
export const MOST_KEPT = 240;
const MOST_WANTED = 120;

/** The open thumbnail subscriptions of one connection. */
export class ThumbnailOrders {
  private readonly open = new Set<string>();
  private wanted: readonly string[] = [];

  /** Set the images in view, the most important first. */
  want(imageIds: readonly string[], isHere: (imageId: string) => boolean): Orders {
    this.wanted = [...new Set(imageIds)].slice(0, MOST_WANTED);
    return this.plan(isHere);
  }

  /** Start over on a new connection, which has no subscriptions yet. */
  reset(isHere: (imageId: string) => boolean): Orders {
    this.open.clear();
    return this.plan(isHere);
  }

  /** Close the subscription of an arrived thumbnail. Returns whether it was open. */
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

/** The thumbnails that one connection loads. */
export class ThumbnailLoader {
  private readonly orders = new ThumbnailOrders();

  constructor(
    private readonly connection: {
      readonly subscribe: (topics: readonly string[]) => void;
      readonly unsubscribe: (topics: readonly string[]) => void;
    },
    private readonly topicOf: (imageId: string) => string,
    private readonly isHere: (imageId: string) => boolean,
  ) {}

  /** Load the thumbnails of these images, and of no others. */
  want(imageIds: readonly string[]): void {
    this.order(this.orders.want(imageIds, this.isHere));
  }

  /** Start over on a new connection. */
  reset(): void {
    this.order(this.orders.reset(this.isHere));
  }

  /** Whether a thumbnail that came was wanted; its subscription ends. */
  arrived(imageId: string): boolean {
    if (!this.orders.arrived(imageId)) return false;
    this.connection.unsubscribe([this.topicOf(imageId)]);
    return true;
  }

  private order({ subscribe, unsubscribe }: Orders): void {
    this.connection.subscribe(subscribe.map(this.topicOf));
    this.connection.unsubscribe(unsubscribe.map(this.topicOf));
  }
}

/** Add one thumbnail. Above the limit, the oldest are dropped first. */
export function withThumbnail(thumbnails: Thumbnails, imageId: string, bytes: Uint8Array<ArrayBuffer>): Thumbnails {
  const others = [...thumbnails].filter(([name]) => name !== imageId);
  return new Map([...others.slice(Math.max(0, others.length + 1 - MOST_KEPT)), [imageId, bytes]]);
}
