/** Which settings does the page server give to the page? The checked `/config.json`, which holds no secret. */
import { DEFAULT_ROOT } from "./contract";
import { WireError } from "./errors";
import { flag, list, object, orElse, text } from "./fields";
import { isLevel } from "./ids";

/** After this time one answer counts as none, and the page asks again. */
const PATIENCE_MS = 20_000;

export interface PageConfig {
  /** The address of the page server, which ends with a slash. */
  readonly base: string;
  /** A path on the page's own server, or a broker's WebSocket address. */
  readonly mqtt_url: string;
  readonly root: string;
  readonly projects: readonly string[];
  readonly needs_login: boolean;
  /** Whether operators can invite on this page. */
  readonly has_invitations: boolean;
}

const config = object<Omit<PageConfig, "base">>({
  mqtt_url: orElse(text(2000), "/mqtt"),
  root: orElse(text(256), DEFAULT_ROOT),
  projects: orElse(list(text(64), 1000), []),
  needs_login: orElse(flag, true),
  has_invitations: orElse(flag, false),
});

/** Check the content of `/config.json` of the server at `base`. Throws `bad_config` when it does not fit. */
export function decodeConfig(value: unknown, base: string): PageConfig {
  try {
    return { ...config(value, ""), base };
  } catch (thrown) {
    throw new WireError("bad_config", `config.json does not come from a page server: ${String(thrown)}`);
  }
}

/** Fetch the settings of the page server at `base`. Throws `unreachable` and `bad_config`. */
export async function fetchConfig(base: string): Promise<PageConfig> {
  let response: Response;
  try {
    response = await fetch(new URL("config.json", base), {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.ok) return decodeConfig(await response.json(), base);
  } catch (thrown) {
    if (thrown instanceof WireError) throw thrown;
  }
  throw new WireError("unreachable", "The page server does not answer. Trying again …");
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
