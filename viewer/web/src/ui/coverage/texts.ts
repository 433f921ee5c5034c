/** What does the page say of coverage and advice? In the five languages, loaded together with what shows them. */
import type { Subject } from "../../scene/coverage/painters";
import type { Language } from "../language/language";
import { ENGLISH } from "../language/coverage/en";
import { FRENCH } from "../language/coverage/fr";
import { GERMAN } from "../language/coverage/de";
import { ITALIAN } from "../language/coverage/it";
import { SPANISH } from "../language/coverage/es";

export type Why = "few_views" | "narrow_angle" | "too_far" | "hidden" | "hole" | "other";

/** The texts of one language; names in braces are filled in. */
export interface Texts {
  readonly title: string;
  readonly colourBy: string;
  readonly subjects: Readonly<Record<Subject, string>>;
  /** The two ends of the colours of each subject. */
  readonly ends: Readonly<Record<Exclude<Subject, "photo">, readonly [low: string, high: string]>>;
  /** The ends of coverage while the points are sparse. */
  readonly sparseEnds: readonly [low: string, high: string];
  readonly hole: string;
  readonly stand: string;
  readonly walkOn: string;
  readonly sparse: string;
  readonly nothing: string;
  readonly notYet: string;
  readonly three: string;
  readonly left: string;
  readonly right: string;
  readonly closer: string;
  readonly farther: string;
  readonly from: string;
  readonly oneStep: string;
  /** How long a step is, while the scale is unknown. */
  readonly stepIs: string;
  readonly steps: string;
  readonly high: string;
  readonly low: string;
  readonly turnLeft: string;
  readonly turnRight: string;
  readonly aimHigher: string;
  readonly aimLower: string;
  readonly and: string;
  readonly why: Readonly<Record<Why, string>>;
  readonly show: string;
  readonly marked: string;
  readonly fromLast: string;
  readonly notPlaced: string;
  readonly more: string;
}

const TEXTS: Readonly<Record<Language, Texts>> = {
  en: ENGLISH,
  de: GERMAN,
  es: SPANISH,
  fr: FRENCH,
  it: ITALIAN,
};

export function textsOf(language: Language): Texts {
  return TEXTS[language];
}

/** A text with its names filled in. */
export function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
