import { expect, it, vi } from "vitest";

import { need } from "../../src/ui/parts";

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
