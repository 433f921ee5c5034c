/** How is advice said on the page? One sentence for each place, in the page's language. Pure. */
import type { Advice, AdvisedPlace } from "../../wire/contract";
import { length } from "../format";
import type { Texts, Why } from "./texts";
import { filled } from "./texts";

const LEAST_STEPS = 0.5;
const LEAST_TURN_DEG = 8;
const ROUND_DEG = 5;

/** Where to take three photographs. */
export function placeWords(place: AdvisedPlace, metresPerUnit: number | null, texts: Texts): string {
  const parts = [movedWords(place, metresPerUnit, texts)];
  if (Math.abs(place.steps_up) >= LEAST_STEPS) parts.push(place.steps_up > 0 ? texts.high : texts.low);
  const [turn, tilt] = [place.turn_right_deg, place.tilt_up_deg].map(
    (degrees) => ROUND_DEG * Math.round(degrees / ROUND_DEG),
  ) as [number, number];
  const said = (text: string, degrees: number): string => filled(text, { degrees: Math.abs(degrees) });
  if (Math.abs(turn) >= LEAST_TURN_DEG) parts.push(said(turn > 0 ? texts.turnRight : texts.turnLeft, turn));
  if (Math.abs(tilt) >= LEAST_TURN_DEG) parts.push(said(tilt > 0 ? texts.aimHigher : texts.aimLower, tilt));
  return filled(texts.three, { step: distanceWords(1, place.step, metresPerUnit, texts), where: parts.join(", ") });
}

/** Why photographs are wanted there. */
export function whyWords({ code }: AdvisedPlace, { why }: Texts): string {
  return Object.hasOwn(why, code) ? why[code as Why] : why.other;
}

/** What there is to say before the places, or instead of them; null when the places say all. */
export function generalWords(advice: Advice | null, texts: Texts): string | null {
  if (!advice) return texts.notYet;
  if (!advice.is_dense) return texts.sparse;
  if (advice.is_walk_unfinished) return texts.walkOn;
  return advice.places.length === 0 ? texts.nothing : null;
}

/** A distance of so many steps, in metres, or in whole steps while the scale is unknown. */
export function distanceWords(steps: number, step: number, metresPerUnit: number | null, texts: Texts): string {
  if (metresPerUnit !== null) return length(Number((steps * step).toPrecision(2)), metresPerUnit);
  const count = Math.max(1, Math.round(steps));
  return count === 1 ? texts.oneStep : filled(texts.steps, { count });
}

function movedWords(place: AdvisedPlace, metresPerUnit: number | null, texts: Texts): string {
  const { image_number: number, step, steps_ahead: ahead, steps_right: right } = place;
  const said = (text: string, steps: number): string =>
    filled(text, { length: distanceWords(Math.abs(steps), step, metresPerUnit, texts), number });
  const moves = [];
  if (Math.abs(right) >= LEAST_STEPS) moves.push(said(right > 0 ? texts.right : texts.left, right));
  if (Math.abs(ahead) >= LEAST_STEPS) moves.push(said(ahead > 0 ? texts.closer : texts.farther, ahead));
  const [one, other] = moves;
  if (one === undefined) return filled(texts.from, { number });
  return other === undefined ? one : filled(texts.and, { one, other });
}
