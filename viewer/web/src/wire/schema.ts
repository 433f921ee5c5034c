/** Does a message fit its type? A small interpreter of JSON Schema. */
import { WireError } from "./errors";
import { byteLength } from "./text";

/** The supported JSON Schema keywords. broker/documents/schemas.py refuses to export any other. */
export interface Schema {
  /** The class name of another schema. */
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  /** Messages, told apart by the constant of their `type`. */
  readonly oneOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  /** Not of JSON Schema, whose `maxLength` counts signs: the most bytes of UTF-8. */
  readonly "x-max-bytes"?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
}

export type Schemas = Readonly<Record<string, Schema>>;

/** RFC 3339 with a zone, as pydantic's AwareDatetime takes it. */
const INSTANT =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt_ ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/;

const compiled = new Map<string, RegExp>();

/** A validator for one table of schemas. It drops unknown fields and fills in defaults. */
export class Checker {
  constructor(private readonly schemas: Schemas) {}

  /** Return the checked copy of a value. Throws `bad_message` with the place of the mismatch. */
  check(value: unknown, name: string): unknown {
    return this.value(value, { $ref: name }, "");
  }

  private value(value: unknown, schema: Schema, place: string): unknown {
    if (schema.$ref !== undefined) return this.value(value, this.named(schema.$ref), place);
    if (schema.anyOf) return this.anyOf(value, schema.anyOf, place);
    if (schema.oneOf) return this.oneOf(value, schema.oneOf, place);
    if ("const" in schema) return value === schema.const ? value : refuse(place, JSON.stringify(schema.const));
    if (schema.enum) return schema.enum.includes(value) ? value : refuse(place, `one of ${schema.enum.join(", ")}`);
    switch (schema.type) {
      case "null":
        return value === null ? value : refuse(place, "null");
      case "boolean":
        return typeof value === "boolean" ? value : refuse(place, "true or false");
      case "string":
        return text(value, schema, place);
      case "integer":
        return Number.isSafeInteger(value) ? bounded(value, schema, place) : refuse(place, "a whole number");
      case "number":
        return Number.isFinite(value) ? bounded(value, schema, place) : refuse(place, "a number");
      case "array":
        return this.list(value, schema, place);
      case "object":
        return this.object(value, schema, place);
      default:
        throw new TypeError(`no check for ${JSON.stringify(schema)}`);
    }
  }

  private named(name: string): Schema {
    const schema = this.schemas[name];
    if (!schema) throw new TypeError(`no schema is named ${name}`);
    return schema;
  }

  /** Check `X or null`, the only form of `anyOf` in the contract. The error of X is the useful one. */
  private anyOf(value: unknown, alternatives: readonly Schema[], place: string): unknown {
    const [first = {}, ...others] = alternatives;
    if (value === null && others.some(({ type }) => type === "null")) return null;
    return this.value(value, first, place);
  }

  private oneOf(value: unknown, alternatives: readonly Schema[], place: string): unknown {
    const { type } = Object(value) as { readonly type?: unknown };
    const fitting = alternatives.find(({ $ref = "" }) => this.named($ref).properties?.["type"]?.const === type);
    return fitting ? this.value(value, fitting, place) : refuse(`${place}.type`, "a known message type");
  }

  private list(value: unknown, { items, maxItems, minItems, prefixItems }: Schema, place: string): unknown[] {
    if (!Array.isArray(value)) return refuse(place, "a list");
    const { length } = value;
    if (length < (minItems ?? 0) || length > (maxItems ?? Infinity))
      return refuse(place, minItems === maxItems ? `${minItems ?? 0} values` : `at most ${maxItems ?? 0} values`);
    return value.map((each: unknown, index) =>
      this.value(each, prefixItems?.[index] ?? items ?? {}, `${place}[${index}]`),
    );
  }

  private object(value: unknown, { properties = {}, required = [] }: Schema, place: string): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(place, "an object");
    const given = value as Readonly<Record<string, unknown>>;
    const checked: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(properties)) {
      const inner = place ? `${place}.${name}` : name;
      if (given[name] !== undefined) checked[name] = this.value(given[name], schema, inner);
      else if (required.includes(name)) refuse(inner, "a value");
      else checked[name] = defaultOf(schema);
    }
    return checked;
  }
}

/** The value of an absent field: its default, or now. Only `sent_at` may be absent without a default. */
function defaultOf(schema: Schema): unknown {
  return "default" in schema ? schema.default : new Date().toISOString();
}

function text(value: unknown, schema: Schema, place: string): string {
  const { format, maxLength = Infinity, pattern, "x-max-bytes": maxBytes = Infinity } = schema;
  if (typeof value !== "string") return refuse(place, "a text");
  // Python counts code points, JavaScript counts UTF-16 units. Code points are counted only when units are too many.
  if (value.length > maxLength && Array.from(value).length > maxLength)
    refuse(place, `a text of at most ${maxLength} signs`);
  if (maxBytes < Infinity && byteLength(value) > maxBytes) refuse(place, `a text of at most ${maxBytes} bytes`);
  if (pattern !== undefined && !regExp(pattern).test(value)) refuse(place, `a text like ${pattern}`);
  if (format === "date-time" && !isInstant(value)) refuse(place, "an instant with its time zone");
  return value;
}

function regExp(pattern: string): RegExp {
  const known = compiled.get(pattern) ?? new RegExp(pattern, "u");
  compiled.set(pattern, known);
  return known;
}

function isInstant(value: string): boolean {
  const [year, month, day, hour, minute, second] = (INSTANT.exec(value) ?? [])
    .slice(1)
    .map((part) => Number(part || 0));
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  const isDay = month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay && year >= 1 && (hour ?? 0) < 24 && (minute ?? 0) < 60 && (second ?? 0) < 60;
}

function bounded(value: unknown, schema: Schema, place: string): number {
  const { exclusiveMaximum = Infinity, exclusiveMinimum = -Infinity, maximum = Infinity, minimum = -Infinity } = schema;
  const number = value as number;
  if (number >= minimum && number <= maximum && number > exclusiveMinimum && number < exclusiveMaximum) return number;
  const least = "exclusiveMinimum" in schema ? `above ${exclusiveMinimum}` : `at least ${minimum}`;
  const most = "exclusiveMaximum" in schema ? `below ${exclusiveMaximum}` : `at most ${maximum}`;
  return refuse(place, `a number ${least} and ${most}`);
}

function refuse(place: string, wanted: string): never {
  throw new WireError("bad_message", `${place || "message"}: ${wanted} expected`);
}
