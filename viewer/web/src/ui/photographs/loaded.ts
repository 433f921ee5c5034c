/** Which whole photographs does the page hold? Those opened last, fetched once each. */
import type { Credentials } from "../../wire/credentials";
import { fetchPhotograph } from "../../wire/photographs/whole";

const MOST_KEPT = 6;

/** A photograph on its way, here, or not to be had. */
export type WholePhotograph = Uint8Array<ArrayBuffer> | "loading" | "missing";

export class Photographs {
  private readonly kept = new Map<string, WholePhotograph>();
  /** The images of which only the preview was there when they were loaded. */
  private readonly previews = new Set<string>();

  constructor(
    private readonly base: string,
    private readonly credentials: Credentials,
    private readonly onChange: () => void,
  ) {}

  /** The bytes of a photograph that is here; null for others. */
  bytes(imageId: string): Uint8Array<ArrayBuffer> | null {
    const found = this.kept.get(imageId);
    return found instanceof Uint8Array ? found : null;
  }

  /** Forget that a photograph was not to be had: it is opened again. */
  forgetMissing(imageId: string): void {
    if (this.kept.get(imageId) === "missing") this.kept.delete(imageId);
  }

  /** Load a photograph, unless it is here; once more when its original takes the place of its preview. */
  want(imageId: string, hasOriginal: boolean): WholePhotograph {
    const known = this.kept.get(imageId);
    const isOutOfDate = hasOriginal && this.previews.delete(imageId);
    if (known !== undefined && !isOutOfDate) return known;
    if (!hasOriginal) this.previews.add(imageId);
    this.keep(imageId, "loading");
    void fetchPhotograph(this.base, this.credentials, imageId).then(
      (bytes) => {
        this.keep(imageId, bytes);
      },
      () => {
        this.keep(imageId, "missing");
      },
    );
    return "loading";
  }

  private keep(imageId: string, photograph: WholePhotograph): void {
    this.kept.delete(imageId);
    this.kept.set(imageId, photograph);
    for (const oldest of [...this.kept.keys()].slice(0, -MOST_KEPT)) this.kept.delete(oldest);
    if (photograph !== "loading") this.onChange();
  }
}
