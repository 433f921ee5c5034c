import { describe, expect, it } from "vitest";

import type { Place } from "../../src/wire/address";
import { placeFragment, readPlace } from "../../src/wire/address";

const viewpoint = { position: [1.23456789, -20.5, 0], target: [0, 1e-7, 123456789] } as const;
const places: readonly Place[] = [
  { project: "chapel", image: null, viewpoint: null },
  { project: "chapel", image: "walk-000001-0123456789abcdef", viewpoint: null },
  { project: "chapel", image: null, viewpoint: { position: [1, 2, 3], target: [4, 5, 6.5] } },
];

describe("the address of a place", () => {
  it.each(places)("is read as it was written: $project $image", (place) => {
    expect(readPlace(placeFragment(place))).toEqual(place);
  });

  it("has six digits, which is a hair on screen", () => {
    const read = readPlace(placeFragment({ project: "chapel", image: null, viewpoint }));
    expect(read?.viewpoint?.position).toEqual([1.23457, -20.5, 0]);
    expect(read?.viewpoint?.target).toEqual([0, 1e-7, 123457000]);
  });

  it.each(["", "#", "#invite=abc", "#project=", "#project=No/Such", "#image=walk-000001-0123456789abcdef"])(
    "is none in %j",
    (fragment) => {
      expect(readPlace(fragment)).toBeNull();
    },
  );

  it.each([
    "#project=chapel&image=../x&view=1,2,3",
    "#project=chapel&view=1,2,3,4,5,NaN",
    "#project=chapel&view=1,2,3,4,5,",
    "#project=chapel&view=1,2,3,4,5,Infinity&image=",
  ])("leaves out what is damaged: %s", (fragment) => {
    expect(readPlace(fragment)).toEqual({ project: "chapel", image: null, viewpoint: null });
  });
});
