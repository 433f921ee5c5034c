/** What runs while a project is open? Its connection, uploads and decoders, started and closed together. */
import { Follower } from "../scene/follower";
import type { MeasuredCloud } from "../scene/spacing";
import type { ProjectState } from "../scene/state";
import { Uploader } from "../scene/uploading/uploader";
import type { WantedShard } from "../scene/wanted";
import type { PageConfig } from "../wire/config";
import { socketUrl } from "../wire/config";
import type { Credentials } from "../wire/credentials";
import { shardGetter } from "../wire/shard-download";
import { DecoderPool } from "../worker/pool";
import { PreviewMaker } from "../worker/preview-maker";
import { Awake } from "./awake";
import { deviceBudget, isPhone } from "./device";
import { KeptPhotographs } from "./photographs/kept";
import { Photographs } from "./photographs/loaded";
import { Throttle } from "./throttle";

export interface SessionOptions {
  readonly config: PageConfig;
  readonly credentials: Credentials;
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  /** Called with the newest state, at the rate of the throttle. */
  readonly onState: (state: ProjectState) => void;
  /** Called with the number of photographs from before a reload, which are sent now; null: this browser keeps none. */
  readonly onKept: (count: number | null) => void;
}

export class Session {
  readonly follower: Follower;
  readonly uploader: Uploader;
  readonly photographs: Photographs;
  private readonly decoders = new DecoderPool();
  private readonly previews = new PreviewMaker();
  private readonly awake = new Awake();
  private readonly kept: KeptPhotographs;
  private readonly throttle: Throttle<ProjectState>;
  private isTold = false;
  private isClosed = false;

  /** Throws a `WireError` for an invalid name, project or address. */
  constructor({ config, credentials, onCloud, onKept, onState }: SessionOptions) {
    this.throttle = new Throttle((state) => {
      this.awake.follow(state);
      onState(state);
    });
    try {
      this.follower = new Follower({
        url: socketUrl(config.mqtt_url, config.base),
        root: config.root,
        credentials,
        budget: deviceBudget(),
        program: isPhone() ? "page on a phone" : "page on a desktop",
        decode: (payload, shard) => this.decoders.decode(payload, shard),
        getShard: shardGetter(config.base, credentials),
        onCloud,
        onState: this.throttle.news,
      });
    } catch (thrown) {
      this.decoders.close();
      throw thrown;
    }
    this.kept = new KeptPhotographs(credentials, () => {
      if (!this.isTold) onKept(null);
      this.isTold = true;
    });
    this.uploader = new Uploader(
      this.follower,
      this.follower.requests,
      (bytes, contentType, maxSidePx) => this.previews.make(bytes, contentType, maxSidePx),
      this.kept,
    );
    this.photographs = new Photographs(config.base, credentials, () => {
      this.throttle.news(this.follower.state);
    });
    void this.resume(onKept);
  }

  /** Send what was chosen before a reload. */
  private async resume(onKept: SessionOptions["onKept"]): Promise<void> {
    const unsent = await this.kept.unsent();
    if (unsent.length === 0 || this.isClosed) return; // what a closed session claimed is free for the next one
    this.uploader.resume(unsent);
    onKept(unsent.length);
  }

  close(): void {
    this.isClosed = true;
    this.throttle.close(); // first, because closing the others changes the state
    this.awake.release();
    void this.follower.close();
    this.decoders.close();
    this.previews.close();
    this.kept.close();
  }
}
