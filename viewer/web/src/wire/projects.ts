/** Which projects exist, and in which state? The page server's `/projects` over HTTP. */
import type { Credentials } from "./credentials";
import { authorization } from "./credentials";
import { WireError } from "./errors";
import { flag, list, nullable, object, text, whole } from "./fields";

/** One entry of the project list. */
export interface ProjectStatus {
  readonly project: string;
  /** What people call it; empty without a title. */
  readonly title: string;
  /** The reconstructor's presence: `ready`, `paused`, `disk_full`, `offline` or a newer word. */
  readonly reconstructor: string;
  readonly image_count: number;
  readonly cloud: { readonly generation: number; readonly point_count: number } | null;
  /** Whether the server has lost the broker, so that these are its last known values. */
  readonly is_stale: boolean;
}

const MOST_PROJECTS = 1000;
/** After this time one answer counts as none, and the list is asked for again. */
const PATIENCE_MS = 20_000;

const answer = object<{ readonly projects: readonly ProjectStatus[] }>({
  projects: list(
    object<ProjectStatus>({
      project: text(64),
      title: text(240), // 120 signs, each of two units at most
      reconstructor: text(64),
      image_count: whole(),
      cloud: nullable(object({ generation: whole(), point_count: whole() })),
      is_stale: flag,
    }),
    MOST_PROJECTS,
  ),
});

export function decodeProjects(value: unknown): readonly ProjectStatus[] {
  return answer(value, "").projects;
}

/** Fetch the projects of this account. Throws `not_allowed` for wrong credentials, `unreachable` without a server. */
export async function fetchProjects(base: string, credentials: Credentials): Promise<readonly ProjectStatus[]> {
  let response: Response;
  try {
    // without "omit" the browser would open its own password window
    response = await fetch(new URL("projects", base), {
      cache: "no-store",
      credentials: "omit",
      headers: authorization(credentials),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new WireError("unreachable", "The page server does not answer.");
  }
  if (response.status === 401 || response.status === 403)
    throw new WireError("not_allowed", "The name or the password is wrong. Please try again.");
  if (!response.ok) throw new WireError("unreachable", "The page server cannot list its projects now.");
  return decodeProjects(await response.json());
}
