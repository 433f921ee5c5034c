/** Which profile is shown? The one along the line that was drawn last, computed again after each change of the cut. */
import type { Profile, ProfileLine } from "../../scene/documentation/profile";
import { profileCsv, profileOf } from "../../scene/documentation/profile";
import type { PointCloud } from "../../wire/clouds/cloud";
import { plain } from "../../scene/spacing";
import { offer } from "../saving/saving";
import type { Documentation } from "./element";
import { profileSvg } from "./profile-drawing";
import type { Snapshot } from "./snapshot";

/** Half the width of the strip at first, as a share of the object's height. */
const STRIP = 0.01;

export class Profiling {
  line: ProfileLine | null = null;
  profile: Profile | null = null;
  /** The address of its drawing; null while there is none. */
  address: string | null = null;
  /** How far points may lie beside the line, in world units. */
  halfWidth = 0;
  /** The points with their colours; copied with the first profile. */
  private clouds: readonly PointCloud[] | null = null;
  private frame = 0;

  constructor(private readonly host: Documentation) {}

  begin({ whole }: Snapshot): void {
    this.halfWidth = STRIP * (whole.high[1] - whole.low[1]);
  }

  draw(line: ProfileLine): void {
    this.line = line;
    this.cut();
  }

  drawThroughMiddle(kind: "across" | "upright"): void {
    const { seen } = this.host;
    if (!seen) return;
    const { high, low } = seen.box;
    const [x, y] = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    this.draw(
      kind === "across" ? { begin: [low[0], y], end: [high[0], y] } : { begin: [x, low[1]], end: [x, high[1]] },
    );
  }

  widen(halfWidth: number): void {
    this.halfWidth = halfWidth;
    this.cut();
  }

  clear(): void {
    this.line = null;
    this.drop();
    this.cut();
  }

  /** Compute the profile of the line before the next frame: once, however often a finger moved it. */
  cut(): void {
    this.host.requestUpdate();
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.compute();
    });
  }

  private compute(): void {
    this.drop();
    const { seen, snapshot, tab } = this.host;
    if (this.line && seen && snapshot && tab === "profile") {
      this.clouds ??= snapshot.clouds.map(({ measured }) => plain(measured));
      this.profile = profileOf(this.clouds, seen.axes, this.line, this.halfWidth, seen.clip);
      if (this.profile.points.length > 0) this.address = URL.createObjectURL(this.drawn(this.profile));
    }
    this.host.requestUpdate();
  }

  readonly saveSvg = (): void => {
    if (this.profile) offer(this.drawn(this.profile), `${this.host.project.project}-profile.svg`);
  };

  readonly saveCsv = (): void => {
    const { metresPerUnit, project, snapshot } = this.host;
    if (!this.profile || !snapshot) return;
    const text = profileCsv(this.profile, metresPerUnit, snapshot.manifest.frame.offset, snapshot.part);
    offer(new Blob([text], { type: "text/csv" }), `${project.project}-profile.csv`);
  };

  forget(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.drop();
  }

  private drop(): void {
    if (this.address !== null) URL.revokeObjectURL(this.address);
    [this.profile, this.address] = [null, null];
  }

  private drawn(profile: Profile): Blob {
    const { metresPerUnit, snapshot } = this.host;
    return new Blob([profileSvg(profile, metresPerUnit, snapshot?.part ?? null)], { type: "image/svg+xml" });
  }
}
