/** Which exported files can be fetched, and by which link? The page server lists them and gives a ticket for one. */
import type { ExportFormat } from "./contract";
import type { Credentials } from "./credentials";
import { authorization } from "./credentials";
import { WireError } from "./errors";
import type { Check } from "./fields";
import { list, object, text, whole } from "./fields";

export const FORMATS = ["ply", "laz", "gltf", "e57", "colmap", "report"] as const satisfies readonly ExportFormat[];

/** What the server says against an export. */
export class ExportError extends Error {
  constructor(
    /** The code of docs/wire.md; empty without one. */
    readonly code: string,
    reason: string,
  ) {
    super(reason);
  }
}

/** A file that is ready. */
export interface ReadyExport {
  readonly name: string;
  readonly format: ExportFormat;
  readonly size_bytes: number;
  readonly made_at: string;
}

/** The list is short, and asked for again. */
const PATIENCE_MS = 20_000;
const MOST_LISTED = 200;
const NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;

const format: Check<ExportFormat> = (value, place) => {
  const found = FORMATS.find((each) => each === value);
  if (!found) throw new WireError("bad_message", `${place}: a format expected`);
  return found;
};
const name: Check<string> = (value, place) => {
  const given = text(100)(value, place);
  if (!NAME.test(given)) throw new WireError("bad_message", `${place}: a file's name expected`);
  return given;
};
const listed = object<{ readonly exports: readonly ReadyExport[] }>({
  exports: list(object<ReadyExport>({ name, format, size_bytes: whole(), made_at: text(64) }), MOST_LISTED),
});
const ticketed = object<{ readonly ticket: string }>({ ticket: text(100) });
const refused = object<{ readonly code: string; readonly reason: string }>({ code: text(64), reason: text() });

/** List the files that are ready, the newest first. Throws a `WireError`, or an `ExportError` with the server's reason. */
export async function fetchExports(base: string, credentials: Credentials): Promise<readonly ReadyExport[]> {
  return listed(await ask(base, credentials, "GET", ""), "").exports;
}

/** The address that saves a file, for some minutes. Throws like `fetchExports`. */
export async function exportLink(base: string, credentials: Credentials, file: string): Promise<string> {
  const { ticket } = ticketed(await ask(base, credentials, "POST", `/${file}/ticket`), "");
  const address = addressOf(base, credentials, `/${file}`);
  address.searchParams.set("ticket", ticket);
  return address.href;
}

function addressOf(base: string, credentials: Credentials, path: string): URL {
  return new URL(`projects/${credentials.project}/exports${path}`, base);
}

async function ask(base: string, credentials: Credentials, method: string, path: string): Promise<unknown> {
  let response: Response;
  try {
    // without "omit" the browser would open its own password window
    response = await fetch(addressOf(base, credentials, path), {
      method,
      cache: "no-store",
      credentials: "omit",
      headers: authorization(credentials),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new WireError("unreachable", "The page server does not answer.");
  }
  if (response.ok) return await response.json();
  throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<ExportError> {
  try {
    const { code, reason } = refused(await response.json(), "");
    return new ExportError(code, reason);
  } catch {
    return new ExportError("", `The page server answers ${response.status}.`);
  }
}
