/** Are PLY files of other programs read, and damaged ones refused in words? */
import { expect, test } from "vitest";

import { readPly } from "../../src/wire/clouds/any-ply";

const NUMBERS = "property float x\nproperty float y\nproperty float z\n";
const utf8 = new TextEncoder();

function file(header: string, body: string | Uint8Array = ""): Uint8Array {
  const head = utf8.encode(`ply\n${header}end_header\n`);
  const rest = typeof body === "string" ? utf8.encode(body) : body;
  return Uint8Array.from([...head, ...rest]);
}

test("ASCII with normals, alpha and a list before the points is read", () => {
  const header =
    "format ascii 1.0\ncomment by hand\nelement face 2\nproperty list uchar int vertex_indices\nelement vertex 2\n" +
    `${NUMBERS}property float nx\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n`;
  const { cloud, origin } = readPly(file(header, "3 0 1 2\n2 0 1\n1 2 3 0 10 20 30 255\n4 5 6 1 40 50 60 255\n"), null);
  expect([...cloud.pointsInWorld]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...cloud.colorsRgb]).toEqual([10, 20, 30, 40, 50, 60]);
  expect(origin).toEqual([0, 0, 0]);
});

test.each([true, false])("doubles far from zero keep their millimetres (little endian: %s)", (isLittle) => {
  const view = new DataView(new ArrayBuffer(2 * 27));
  for (const [row, x] of [5_000_000.001, 5_000_000.002].entries()) {
    for (const [axis, value] of [x, 20, -3].entries()) view.setFloat64(row * 27 + 8 * axis, value, isLittle);
    view.setUint8(row * 27 + 24, 200);
  }
  const kind = isLittle ? "binary_little_endian" : "binary_big_endian";
  const properties =
    "property double x\nproperty double y\nproperty double z\nproperty uchar r\nproperty uchar g\nproperty uchar b\n";
  const given = file(`format ${kind} 1.0\r\nelement vertex 2\n${properties}`, new Uint8Array(view.buffer));
  const { cloud, origin } = readPly(given, null);
  expect(cloud.pointsInWorld[3] ?? 0).toBeCloseTo(origin[0] === 0 ? NaN : 0.002, 6);
  expect([...cloud.colorsRgb.subarray(0, 3)]).toEqual([200, 0, 0]);
  expect(readPly(given, [5_000_000, 0, 0]).cloud.pointsInWorld[1]).toBe(20);
});

test("float colours are from 0 to 1, a cloud without colours is grey, and what is not finite is left out", () => {
  const colored = `format ascii 1.0\nelement vertex 2\n${NUMBERS}property float red\nproperty float green\nproperty float blue\n`;
  const { cloud } = readPly(file(colored, "0 0 1 1 0.5 0\nnan 0 0 1 1 1\n"), null);
  expect([cloud.count, ...cloud.colorsRgb]).toEqual([1, 255, 128, 0]);
  const plain = readPly(file(`format ascii 1.0\nelement vertex 1\n${NUMBERS}`, "1 1 1\n"), null).cloud;
  expect(new Set(plain.colorsRgb).size).toBe(1);
});

test.each([
  ["its header is missing", utf8.encode("solid cube\n")],
  ["it is cut short", file(`format binary_little_endian 1.0\nelement vertex 9\n${NUMBERS}`, new Uint8Array(30))],
  ["it is cut short", file(`format ascii 1.0\nelement vertex 4000000000\n${NUMBERS}`, "1 2 3\n")],
  ["it is cut short", file(`format ascii 1.0\nelement vertex 2\n${NUMBERS}`, "1 2 3\n4 5")],
  ["its format is unknown", file(`format gzip 1.0\nelement vertex 0\n${NUMBERS}`)],
  ["its points have no x, y and z", file("format ascii 1.0\nelement vertex 1\nproperty float x\n", "1\n")],
  ["a property has an unknown type", file("format ascii 1.0\nelement vertex 1\nproperty quaternion x\n", "1\n")],
  ["it has no points", file("format ascii 1.0\nelement face 0\nproperty list uchar int at\n")],
])("a file is refused because %s", (why, bytes) => {
  expect(() => readPly(bytes, null)).toThrow(why);
});
