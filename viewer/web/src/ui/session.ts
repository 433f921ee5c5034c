/** What runs while a project is open? Its connection, uploads and decoders, started and closed together. */
import { Follower } from "../scene/follower";
import type { MeasuredCloud } from "../scene/spacing";
import type { ProjectState } from "../scene/state";
import { Uploader } from "../scene/uploader";
import type { WantedShard } from "../scene/wanted";
import type { PageConfig } from "../wire/config";
import { socketUrl } from "../wire/config";
import type { Credentials } from "../wire/credentials";
import { DecoderPool } from "../worker/pool";
import { PreviewMaker } from "../worker/preview-maker";
import { deviceBudget, isPhone } from "./device";
import { Throttle } from "./throttle";

export interface SessionOptions {
  readonly config: PageConfig;
  readonly credentials: Credentials;
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  /** Called with the newest state, at the rate of the throttle. */
  readonly onState: (state: ProjectState) => void;
}

export class Session {
  readonly follower: Follower;
  readonly uploader: Uploader;
  private readonly decoders = new DecoderPool();
  private readonly previews = new PreviewMaker();
  private readonly throttle: Throttle<ProjectState>;

  /** Throws a `WireError` for an invalid name, project or address. */
  constructor({ config, credentials, onCloud, onState }: SessionOptions) {
    this.throttle = new Throttle(onState);
    try {
      this.follower = new Follower({
        url: socketUrl(config.mqtt_url, document.baseURI),
        root: config.root,
        credentials,
        budget: deviceBudget(),
        program: isPhone() ? "page on a phone" : "page on a desktop",
        decode: (payload, shard) => this.decoders.decode(payload, shard),
        onCloud,
        onState: this.throttle.news,
      });
    } catch (thrown) {
      this.decoders.close();
      throw thrown;
    }
    this.uploader = new Uploader(this.follower, this.follower.requests, (bytes, contentType, maxSidePx) =>
      this.previews.make(bytes, contentType, maxSidePx),
    );
  }

  close(): void {
    this.throttle.close(); // first, because closing the others changes the state
    void this.follower.close();
    this.decoders.close();
    this.previews.close();
  }
}
