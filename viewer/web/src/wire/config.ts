/** Which settings does the page server give to the page? The checked `/config.json`, which holds no secret. */
import { DEFAULT_ROOT } from "./contract";
import { WireError } from "./errors";
import { flag, list, object, orElse, text } from "./fields";
import { isLevel } from "./ids";

export interface PageConfig {
  /** A path on the page's own server, or a broker's WebSocket address. */
  readonly mqtt_url: string;
  readonly root: string;
  readonly projects: readonly string[];
  readonly needs_login: boolean;
  /** Whether operators can invite on this page. */
  readonly has_invitations: boolean;
}

const config = object<PageConfig>({
  mqtt_url: orElse(text(2000), "/mqtt"),
  root: orElse(text(256), DEFAULT_ROOT),
  projects: orElse(list(text(64), 1000), []),
  needs_login: orElse(flag, true),
  has_invitations: orElse(flag, false),
});

/** Check the content of `/config.json`. Throws `bad_config` when it does not fit. */
export function decodeConfig(value: unknown): PageConfig {
  try {
    return config(value, "");
  } catch (thrown) {
    throw new WireError("bad_config", `config.json does not come from a page server: ${String(thrown)}`);
  }
}

/** The project that the page opens first: the one of its address, `?project=chapel`, else the only one, else empty. */
export function firstProject(search: string, projects: readonly string[]): string {
  const asked = new URLSearchParams(search).get("project") ?? "";
  if (isLevel("project", asked)) return asked;
  return projects.length === 1 ? (projects[0] ?? "") : "";
}

/** The WebSocket address for a page that was served from `base`. */
export function socketUrl(mqttUrl: string, base: string): string {
  const url = new URL(mqttUrl, base);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  return url.href;
}
