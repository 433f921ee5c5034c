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
import type { KeepingOptions } from "./photographs/keeping";
import { Keeping } from "./photographs/keeping";
import { Photographs } from "./photographs/loaded";
import { serverOf } from "./photographs/rows";
import { Throttle } from "./throttle";

export interface SessionOptions extends Pick<KeepingOptions, "onKept" | "onWaits"> {
  readonly config: PageConfig;
  readonly credentials: Credentials;
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  /** Called with the newest state, at the rate of the throttle. */
  readonly onState: (state: ProjectState) => void;
}

export class Session {
  readonly follower: Follower;
  readonly uploader: Uploader;
  readonly photographs: Photographs;
  private readonly decoders = new DecoderPool();
  private readonly previews = new PreviewMaker();
  private readonly awake = new Awake();
  private readonly keeping: Keeping;
  private readonly throttle: Throttle<ProjectState>;

  /** Throws a `WireError` for an invalid name, project or address. */
  constructor({ config, credentials, onCloud, onKept, onState, onWaits }: SessionOptions) {
    this.throttle = new Throttle((state) => {
      this.awake.follow(state);
      this.keeping.follow(state);
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
    const { project, user } = credentials;
    const account = { user, project, server: serverOf(config.base) };
    const uploads = (): ProjectState["uploads"] => this.follower.state.uploads;
    this.keeping = new Keeping({ account, uploads, onKept, onWaits });
    this.uploader = new Uploader(
      this.follower,
      this.follower.requests,
      (bytes, contentType, maxSidePx) => this.previews.make(bytes, contentType, maxSidePx),
      this.keeping.kept,
    );
    this.photographs = new Photographs(config.base, credentials, () => {
      this.throttle.news(this.follower.state);
    });
    this.keeping.start(this.uploader);
  }

  close(): void {
    this.throttle.close(); // first, because closing the others changes the state
    this.awake.release();
    void this.follower.close();
    this.decoders.close();
    this.previews.close();
    this.keeping.close();
  }
}
