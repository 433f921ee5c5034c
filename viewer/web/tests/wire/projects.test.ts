import { afterEach, describe, expect, it, vi } from "vitest";

import { decodeProjects, fetchProjects } from "../../src/wire/projects";

const chapel = {
  project: "chapel",
  title: "Kapelle St. Märgen",
  reconstructor: "ready",
  image_count: 14,
  refetch_every: 10,
  cloud: { generation: 2, revision: 1, point_count: 154_600 },
  statistics: null,
  agents: [],
  is_stale: false,
};
const anna = { user: "anna", password: "grüße", project: "" };

function serve(answer: () => Response | Promise<Response>): ReturnType<typeof vi.fn> {
  const fetched = vi.fn(answer);
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the list of projects", () => {
  it("keeps the shown fields and ignores the others", () => {
    expect(decodeProjects({ projects: [chapel, { ...chapel, project: "tower", cloud: null }] })).toEqual([
      {
        project: "chapel",
        title: "Kapelle St. Märgen",
        reconstructor: "ready",
        image_count: 14,
        cloud: { generation: 2, point_count: 154_600 },
        is_stale: false,
      },
      {
        project: "tower",
        title: "Kapelle St. Märgen",
        reconstructor: "ready",
        image_count: 14,
        cloud: null,
        is_stale: false,
      },
    ]);
    expect(() => decodeProjects({ projects: [{ ...chapel, image_count: -1 }] })).toThrow("image_count");
  });

  it("is fetched with name and password in UTF-8, without the browser's stored credentials", async () => {
    const fetched = serve(() => Response.json({ projects: [chapel] }));
    expect(await fetchProjects("http://site/page/", anna)).toHaveLength(1);
    const [url, options] = fetched.mock.calls[0] as [URL, RequestInit];
    expect([url.href, options.credentials]).toEqual(["http://site/page/projects", "omit"]);
    const coded = new Headers(options.headers).get("Authorization")?.replace("Basic ", "") ?? "";
    expect(Buffer.from(coded, "base64").toString("utf8")).toBe("anna:grüße");
  });

  it("distinguishes a wrong password from an unreachable server", async () => {
    serve(() => new Response("", { status: 401 }));
    await expect(fetchProjects("http://site/", anna)).rejects.toMatchObject({ code: "not_allowed" });
    serve(() => new Response("", { status: 502 }));
    await expect(fetchProjects("http://site/", anna)).rejects.toMatchObject({ code: "unreachable" });
    serve(() => Promise.reject(new TypeError("no route")));
    await expect(fetchProjects("http://site/", anna)).rejects.toMatchObject({ code: "unreachable" });
  });
});
