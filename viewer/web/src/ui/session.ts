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
import { SCENE_PACE, Throttle, WORDS_PACE } from "./throttle";

export interface SessionOptions extends Pick<KeepingOptions, "onKept" | "onWaits"> {
  readonly config: PageConfig;
  readonly credentials: Credentials;
  readonly onCloud: (shard: WantedShard, measured: MeasuredCloud) => void;
  /** Called with the newest state when points or cameras changed. */
  readonly onScene: (state: ProjectState) => void;
  /** Called with the newest state a little later, or at once where connection or world changed. */
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
  private readonly words: Throttle<ProjectState>;
  private readonly scene: Throttle<ProjectState>;
  private drawn: ProjectState | null = null;

  /** Throws a `WireError` for an invalid name, project or address. */
  constructor({ config, credentials, onCloud, onKept, onScene, onState, onWaits }: SessionOptions) {
    this.words = new Throttle((state) => {
      this.awake.follow(state);
      this.keeping.follow(state);
      onState(state);
    }, WORDS_PACE);
    this.scene = new Throttle((state) => {
      const { drawn } = this;
      this.drawn = state;
      if (state.link !== drawn?.link || state.scene.swapCount !== drawn.scene.swapCount) this.words.flush();
      else if (state.scene !== drawn.scene || state.images !== drawn.images) onScene(state);
    }, SCENE_PACE);
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
        onState: (state) => {
          this.words.news(state);
          this.scene.news(state);
        },
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
      this.words.news(this.follower.state);
    });
    this.keeping.start(this.uploader);
  }

  close(): void {
    this.scene.close(); // first, because closing the others changes the state
    this.words.close();
    this.awake.release();
    void this.follower.close();
    this.decoders.close();
    this.previews.close();
    this.keeping.close();
  }
}
