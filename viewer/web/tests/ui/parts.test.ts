import { expect, it, vi } from "vitest";

import { need, part } from "../../src/ui/parts";

it("a part is loaded once; a missing one is said, and tried again later", async () => {
  vi.useFakeTimers();
  const said: string[] = [];
  let loads = 0;
  let isThere = false;
  const draw = (): void => {
    need(
      "keys",
      () => {
        loads += 1;
        return isThere ? Promise.resolve() : Promise.reject(new Error("404"));
      },
      () => said.push("missing"),
    );
  };
  draw();
  draw();
  await vi.advanceTimersByTimeAsync(0);
  draw();
  expect([loads, said.length]).toEqual([1, 1]);
  isThere = true;
  await vi.advanceTimersByTimeAsync(10_000);
  draw();
  await vi.advanceTimersByTimeAsync(10_000);
  draw();
  expect([loads, said.length]).toEqual([2, 1]);
  vi.useRealTimers();
});

it("a part for one task is waited for; a missing one is said in words", async () => {
  expect(await part(Promise.resolve(3))).toBe(3);
  await expect(part(Promise.reject(new TypeError("Failed to fetch dynamically imported module")))).rejects.toThrow(
    "This part of the page did not load. Check the connection, or load the page again.",
  );
});
