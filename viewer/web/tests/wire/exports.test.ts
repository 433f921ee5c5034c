/** What the page server says about exported files is checked before it is shown. */
import { afterEach, describe, expect, it, vi } from "vitest";

import { ExportError, exportLink, fetchExports } from "../../src/wire/exports";

const BASE = "http://viewer.example/";
const anna = { user: "anna", password: "secret", project: "chapel" };
const row = {
  name: "chapel-20261129-101500.ply",
  format: "ply",
  size_bytes: 7,
  made_at: "2026-11-29T10:15:00Z",
};

function answering(body: unknown, status = 200): ReturnType<typeof vi.fn> {
  const fetched = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

describe("exported files", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("are listed with the login in a header", async () => {
    const fetched = answering({ exports: [row] });
    expect(await fetchExports(BASE, anna)).toEqual([row]);
    const [address, options] = fetched.mock.calls[0] as [URL, RequestInit];
    expect(address.href).toBe("http://viewer.example/projects/chapel/exports");
    expect(options.headers).toHaveProperty("Authorization");
  });

  it.each([
    { ...row, name: "../chapel.ply" },
    { ...row, format: "exe" },
    { ...row, size_bytes: -1 },
    { ...row, made_at: 7 },
  ])("are refused when they do not fit: %j", async (bad) => {
    answering({ exports: [bad] });
    await expect(fetchExports(BASE, anna)).rejects.toThrow(/expected/);
  });

  it("are saved by a link with a ticket and without the password", async () => {
    answering({ ticket: "a-b_c", lasts_s: 600 });
    const link = await exportLink(BASE, anna, row.name);
    expect(link).toBe("http://viewer.example/projects/chapel/exports/chapel-20261129-101500.ply?ticket=a-b_c");
  });

  it("bring the server's code and reason when there are none", async () => {
    answering({ code: "exports_unreachable", reason: "no folder" }, 503);
    await expect(fetchExports(BASE, anna)).rejects.toMatchObject({ code: "exports_unreachable", message: "no folder" });
    await expect(fetchExports(BASE, anna)).rejects.toBeInstanceOf(ExportError);
  });
});
