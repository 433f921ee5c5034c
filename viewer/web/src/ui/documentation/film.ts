/** What does the film of the growing object show? A slow turn, while each photograph adds the points it saw first. */
import { Drawing } from "../../render/documentation/drawing";
import type { SpacedCloud } from "../../scene/spacing";
import type { Axes } from "../../scene/documentation/axes";
import { turnedBox } from "../../scene/documentation/axes";
import { growthOf, placedCameras } from "../../scene/documentation/births";
import type { Growth } from "../../scene/documentation/births";
import { inSlices } from "../../scene/slices";
import { t } from "../language/t";
import type { FilmWriter } from "./film-writer";
import { FRAMES_PER_S, filmWriter } from "./film-writer";
import type { Snapshot } from "./snapshot";
import { v } from "./words";

const WIDTH_PX = 1280;
const HEIGHT_PX = 720;
const MOST_POINTS = 400_000;
const GROWTH_S = { least: 4, most: 14, eachPhotograph: 0.35 };
const REST_S = 1.5;
/** The object swings by this angle to either side, seen from a little above. */
const SWING_RAD = 0.45;
const ABOVE_RAD = 0.2;
const FILL = 0.8;

export interface FilmColours {
  readonly ground: string;
  readonly ink: string;
}

export interface FilmOptions {
  readonly snapshot: Snapshot;
  readonly colours: FilmColours;
  /** Called after each frame, and with 0 while the first one is prepared. Returns whether to go on. */
  readonly onFrame: (done: number, total: number) => boolean;
}

/** Make the film; null after a stop. Throws where the browser can write none. */
export async function makeFilm({ colours, onFrame, snapshot }: FilmOptions): Promise<Blob | null> {
  const cameras = placedCameras(snapshot.cameras);
  const cloud = together(snapshot.clouds);
  const film = canvasOf();
  const context = film.getContext("2d");
  const writer = context && (await filmWriter(film));
  if (!writer) throw new Error(v("film.impossible"));
  const growthS = Math.min(GROWTH_S.most, Math.max(GROWTH_S.least, GROWTH_S.eachPhotograph * cameras.length));
  const total = Math.round((growthS + REST_S) * FRAMES_PER_S);
  let drawing: Drawing | null = null;
  try {
    const steps = growthOf(cloud.measured, cameras, snapshot.manifest.frame.offset);
    const growth = await inSlices(steps, () => !onFrame(0, total));
    if (!growth) return await stopped(writer);
    drawing = new Drawing(canvasOf(), [inOrder(cloud, growth)]);
    drawing.resize(WIDTH_PX, HEIGHT_PX, 1);
    for (let frame = 0; frame < total; frame += 1) {
      const turn = Math.min(1, (frame + 1) / (growthS * FRAMES_PER_S)) * cameras.length;
      drawing.draw(viewOf(snapshot, frame / total), pointsAt(growth, turn), null);
      if (drawing.isLost) throw new Error(t("trouble.context_lost")); // the frames to come would be empty
      const words = v("film.caption", { number: Math.max(1, Math.ceil(turn)), total: cameras.length });
      compose(context, drawing.surface, colours, `${snapshot.title} · ${words}`);
      await writer.addFrame();
      if (!onFrame(frame + 1, total)) return await stopped(writer);
      await new Promise((resolve) => setTimeout(resolve));
    }
    return await writer.finish();
  } catch (thrown) {
    await writer.cancel().catch(() => undefined); // what failed is said, not what did not stop then
    throw thrown;
  } finally {
    drawing?.dispose();
  }
}

async function stopped(writer: FilmWriter): Promise<null> {
  await writer.cancel();
  return null;
}

/** How many points are there after so many photographs; between two of them, in proportion. */
function pointsAt({ counts }: Growth, turn: number): number {
  const whole = Math.floor(turn);
  const before = whole > 0 ? (counts[whole - 1] ?? 0) : 0;
  return Math.round(before + (turn - whole) * ((counts[whole] ?? before) - before));
}

/** All shards as one cloud, coarsest first, up to a number of points. */
function together(clouds: readonly SpacedCloud[]): SpacedCloud {
  let count = 0;
  const kept = clouds.filter(({ measured }, index) => {
    if (index > 0 && count + measured.count > MOST_POINTS) return false;
    count += measured.count;
    return true;
  });
  const all = clouds.reduce((sum, { measured }) => sum + measured.count, 0);
  const pointsInWorld = new Float32Array(3 * count);
  const tintsAndSizes = new Uint8Array(4 * count);
  let at = 0;
  for (const { measured } of kept) {
    pointsInWorld.set(measured.pointsInWorld, 3 * at);
    tintsAndSizes.set(measured.tintsAndSizes, 4 * at);
    at += measured.count;
  }
  const spacing = (kept[0]?.spacing ?? 1) * Math.sqrt(all / Math.max(1, count));
  return { measured: { pointsInWorld, tintsAndSizes, count, density: 1 }, spacing };
}

function inOrder({ measured, spacing }: SpacedCloud, { order }: Growth): SpacedCloud {
  const pointsInWorld = new Float32Array(3 * measured.count);
  const tintsAndSizes = new Uint8Array(4 * measured.count);
  order.forEach((from, to) => {
    pointsInWorld.set(measured.pointsInWorld.subarray(3 * from, 3 * from + 3), 3 * to);
    tintsAndSizes.set(measured.tintsAndSizes.subarray(4 * from, 4 * from + 4), 4 * to);
  });
  return { measured: { ...measured, pointsInWorld, tintsAndSizes }, spacing };
}

/** The view at a share of the film. */
function viewOf({ facade, whole }: Snapshot, share: number): Parameters<Drawing["draw"]>[0] {
  const axes = turned(facade.axes, SWING_RAD * Math.sin(2 * Math.PI * share), ABOVE_RAD);
  const box = turnedBox(whole, facade.axes, axes);
  const [width, height] = [box.high[0] - box.low[0], box.high[1] - box.low[1]];
  const widest = Math.max(width, whole.high[0] - whole.low[0]);
  return {
    axes,
    middle: [(box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2],
    unitsPerPx: Math.max(widest / WIDTH_PX, height / HEIGHT_PX) / FILL,
    clip: { axes: facade.axes, box: whole },
  };
}

/** Axes turned about the vertical direction, then raised. */
function turned({ origin, right, toward, up }: Axes, turnRad: number, aboveRad: number): Axes {
  const mix = (one: Axes["up"], other: Axes["up"], angle: number): Axes["up"] => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return [c * one[0] + s * other[0], c * one[1] + s * other[1], c * one[2] + s * other[2]];
  };
  const level = mix(toward, right, turnRad);
  return {
    origin,
    right: mix(right, toward, -turnRad),
    up: mix(up, level, -aboveRad),
    toward: mix(level, up, aboveRad),
  };
}

function compose(
  context: CanvasRenderingContext2D,
  drawn: HTMLCanvasElement,
  { ground, ink }: FilmColours,
  words: string,
): void {
  context.fillStyle = ground;
  context.fillRect(0, 0, WIDTH_PX, HEIGHT_PX);
  context.drawImage(drawn, 0, 0);
  context.fillStyle = ink;
  context.font = "600 26px Georgia, serif";
  context.fillText(words, 36, HEIGHT_PX - 34, WIDTH_PX - 72);
}

function canvasOf(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH_PX, HEIGHT_PX];
  return canvas;
}
