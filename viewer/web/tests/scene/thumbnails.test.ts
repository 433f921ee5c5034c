import { describe, expect, it } from "vitest";

import type { Thumbnails } from "../../src/scene/thumbnails";
import { MOST_KEPT, ThumbnailOrders, withThumbnail } from "../../src/scene/thumbnails";

const none = (): boolean => false;

describe("thumbnail orders", () => {
  it("subscribe to each thumbnail once, however often it is in view", () => {
    const orders = new ThumbnailOrders();
    expect(orders.want(["a", "b", "a"], none).subscribe).toEqual(["a", "b"]);
    expect(orders.want(["b", "a"], none)).toEqual({ subscribe: [], unsubscribe: [] });
    expect(orders.want(["b", "c"], none)).toEqual({ subscribe: ["c"], unsubscribe: ["a"] });
  });

  it("do not subscribe to loaded thumbnails", () => {
    const orders = new ThumbnailOrders();
    expect(orders.want(["a", "b"], (name) => name === "a").subscribe).toEqual(["b"]);
  });

  it("accept only requested thumbnails, and only once", () => {
    const orders = new ThumbnailOrders();
    orders.want(["a"], none);
    expect([orders.arrived("b"), orders.arrived("a"), orders.arrived("a")]).toEqual([false, true, false]);
  });

  it("are repeated on a new connection", () => {
    const orders = new ThumbnailOrders();
    orders.want(["a", "b"], none);
    orders.arrived("a");
    expect(orders.reset((name) => name === "a")).toEqual({ subscribe: ["b"], unsubscribe: [] });
  });
});

describe("kept thumbnails", () => {
  it("are bounded: the oldest are dropped, a newer one of the same image replaces the old one", () => {
    let kept: Thumbnails = new Map();
    for (let number = 0; number < MOST_KEPT + 5; number += 1)
      kept = withThumbnail(kept, String(number), new Uint8Array([number & 255]));
    kept = withThumbnail(kept, "7", new Uint8Array([9]));
    expect(kept.size).toBe(MOST_KEPT);
    expect(kept.has("4")).toBe(false);
    expect(kept.get("7")).toEqual(new Uint8Array([9]));
  });
});
