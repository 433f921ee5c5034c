/** Whom does the page follow? One project's connection, uploads and decoders: begun together, ended together. */
import { Follower } from "../scene/follower";
import type { MeasuredCloud } from "../scene/spacing";
import type { ProjectState } from "../scene/state";
import { Uploader } from "../scene/uploader";
import type { WantedShard } from "../scene/wanted";
import type { PageConfig } from "../wire/config";
import { socketUrl } from "../wire/config";
import type { Credentials } from "../wire/join";
import { DecoderPool } from "../worker/pool";
import { deviceBudget, isPhone } from "./device";
import { Throttle } from "./throttle";

export interface SessionOptions {
  readonly config: PageConfig;
  readonly credentials: Credentials;
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  /** Not for every state: for the newest, as often as a page can be told. */
  readonly onState: (state: ProjectState) => void;
}

export class Session {
  readonly follower: Follower;
  readonly uploader: Uploader;
  private readonly decoders = new DecoderPool();
  private readonly throttle: Throttle<ProjectState>;

  /** Throws a `WireError` when name, project or address cannot be. */
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
    this.uploader = new Uploader(this.follower, this.follower.requests);
  }

  close(): void {
    this.throttle.close(); // what is left says a last word
    void this.follower.close();
    this.decoders.close();
  }
}
