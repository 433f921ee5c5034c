/** How is a PLY file of another program read? By its header: ASCII or binary, any number type, and properties in any order. */
import type { PointCloud } from "./cloud";
import { WireError } from "../errors";

type Axes = readonly [number, number, number];

/** A cloud whose points are relative to `origin`: float32 has too few digits for coordinates of a survey. */
export interface PlacedCloud {
  readonly cloud: PointCloud;
  readonly origin: Axes;
}

interface Property {
  readonly name: string;
  readonly type: NumberType;
  /** The type of a list's length; null for a single number. */
  readonly lengthType: NumberType | null;
}

interface Element {
  readonly name: string;
  readonly count: number;
  readonly properties: readonly Property[];
}

/** Reads one number after the other. Throws a RangeError at the end of the file. */
interface Numbers {
  next(type: NumberType): number;
}

const SIZES = { int8: 1, uint8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, float32: 4, float64: 8 } as const;
type NumberType = keyof typeof SIZES;
const TYPES: Readonly<Record<string, NumberType>> = {
  ...(Object.fromEntries(Object.keys(SIZES).map((type) => [type, type])) as Record<string, NumberType>),
  char: "int8",
  uchar: "uint8",
  short: "int16",
  ushort: "uint16",
  int: "int32",
  uint: "uint32",
  float: "float32",
  double: "float64",
};
const FORMATS = ["ascii", "binary_little_endian", "binary_big_endian"];
const AXES = ["x", "y", "z"] as const;
/** Names of red, green and blue in the files of several programs. */
const COLORS = [
  ["red", "r", "diffuse_red"],
  ["green", "g", "diffuse_green"],
  ["blue", "b", "diffuse_blue"],
] as const;
/** The largest value of a colour, by its type. */
const FULL: Readonly<Partial<Record<NumberType, number>>> = { uint8: 255, uint16: 65_535, float32: 1, float64: 1 };
const PLAIN_GREY = 190;
const MOST_HEADER = 64 * 1024;
/** From this distance on, a cloud is stored relative to its first point. */
const FAR = 4096;

/**
 * Read the points of a PLY file. Points that are not finite are left out; lists and other elements are skipped.
 *
 * `origin` is that of the cloud beside which this one is shown; null: this one chooses. Throws `bad_ply`.
 */
export function readPly(file: Uint8Array, origin: Axes | null): PlacedCloud {
  try {
    const { body, elements, format } = readHeader(file);
    const numbers = format === "ascii" ? new AsciiNumbers(body) : new BinaryNumbers(body, format === FORMATS[1]);
    for (const element of elements) {
      if (element.name === "vertex") return readPoints(element, numbers, origin);
      for (let row = 0; row < element.count; row += 1) for (const each of element.properties) skip(each, numbers);
    }
    throw refused("it has no points");
  } catch (thrown) {
    throw thrown instanceof RangeError ? refused("it is cut short") : thrown;
  }
}

function refused(why: string): WireError {
  return new WireError("bad_ply", `This is no PLY file that can be shown: ${why}.`);
}

function readHeader(file: Uint8Array): { format: string; elements: readonly Element[]; body: Uint8Array } {
  const text = new TextDecoder("latin1").decode(file.subarray(0, MOST_HEADER));
  const head = /^ply\r?\n[^]*?\nend_header[ \t]*\r?\n/u.exec(text)?.[0];
  if (head === undefined) throw refused("its header is missing");
  const lines = head.split(/\r?\n/u).map((line) => line.trim().split(/\s+/u));
  const format = lines.find(([word]) => word === "format")?.[1] ?? "";
  if (!FORMATS.includes(format)) throw refused("its format is unknown");
  const body = file.subarray(head.length);
  return { format, elements: readElements(lines, body.length), body };
}

function readElements(lines: readonly (readonly string[])[], bodyBytes: number): readonly Element[] {
  const elements: { name: string; count: number; properties: Property[] }[] = [];
  for (const [word, first = "", ...rest] of lines)
    if (word === "element") {
      const count = /^\d{1,10}$/u.test(rest[0] ?? "") ? Number(rest[0]) : NaN;
      // A row has a byte at least, so a count beyond the file is a lie and would only reserve memory.
      if (!(count <= bodyBytes)) throw refused("it is cut short");
      elements.push({ name: first, count, properties: [] });
    } else if (word === "property") elements.at(-1)?.properties.push(propertyOf(first, rest));
  return elements;
}

function propertyOf(first: string, rest: readonly string[]): Property {
  const [typeName = "", name = ""] = first === "list" ? rest.slice(1) : [first, ...rest];
  const [type, lengthType] = [TYPES[typeName], first === "list" ? TYPES[rest[0] ?? ""] : null];
  if (!type || lengthType === undefined) throw refused("a property has an unknown type");
  return { name, type, lengthType };
}

function skip({ lengthType, type }: Property, numbers: Numbers): void {
  const count = lengthType === null ? 1 : numbers.next(lengthType);
  for (let left = count; left > 0; left -= 1) numbers.next(type);
}

function readPoints({ count, properties }: Element, numbers: Numbers, given: Axes | null): PlacedCloud {
  const [pointsInWorld, colorsRgb] = [new Float32Array(3 * count), new Uint8Array(3 * count)];
  const single = properties.map(({ lengthType, name }) => (lengthType === null ? name : ""));
  const axes = AXES.map((name) => single.indexOf(name));
  if (axes.includes(-1)) throw refused("its points have no x, y and z");
  const colors = COLORS.map((names) => single.findIndex((name) => (names as readonly string[]).includes(name)));
  const factors = colors.map((at) => 255 / (FULL[properties[at]?.type ?? "uint8"] ?? 255));
  const row = new Float64Array(properties.length);
  let [origin, kept] = [given, 0];
  for (let point = 0; point < count; point += 1) {
    for (const [at, property] of properties.entries())
      if (property.lengthType === null) row[at] = numbers.next(property.type);
      else skip(property, numbers);
    const [x = NaN, y = NaN, z = NaN] = axes.map((at) => row[at]);
    if (!Number.isFinite(x + y + z)) continue;
    origin ??= Math.hypot(x, y, z) > FAR ? [Math.round(x), Math.round(y), Math.round(z)] : [0, 0, 0];
    pointsInWorld.set([x - origin[0], y - origin[1], z - origin[2]], kept);
    for (const [channel, at] of colors.entries())
      colorsRgb[kept + channel] = at < 0 ? PLAIN_GREY : byteOf((row[at] ?? 0) * (factors[channel] ?? 1));
    kept += 3;
  }
  const cloud = { pointsInWorld: pointsInWorld.slice(0, kept), colorsRgb: colorsRgb.slice(0, kept), count: kept / 3 };
  return { cloud, origin: origin ?? [0, 0, 0] };
}

function byteOf(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

class BinaryNumbers implements Numbers {
  private readonly view: DataView;
  private at = 0;

  constructor(
    body: Uint8Array,
    private readonly isLittle: boolean,
  ) {
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  next(type: NumberType): number {
    const { at, isLittle, view } = this;
    this.at += SIZES[type];
    switch (type) {
      case "int8":
        return view.getInt8(at);
      case "uint8":
        return view.getUint8(at);
      case "int16":
        return view.getInt16(at, isLittle);
      case "uint16":
        return view.getUint16(at, isLittle);
      case "int32":
        return view.getInt32(at, isLittle);
      case "uint32":
        return view.getUint32(at, isLittle);
      case "float32":
        return view.getFloat32(at, isLittle);
      case "float64":
        return view.getFloat64(at, isLittle);
    }
  }
}

class AsciiNumbers implements Numbers {
  private readonly text: string;
  private readonly word = /\S+/gu;

  constructor(body: Uint8Array) {
    this.text = new TextDecoder("latin1").decode(body);
  }

  next(): number {
    const found = this.word.exec(this.text)?.[0];
    if (found === undefined) throw new RangeError("the end of the file");
    return Number(found);
  }
}
