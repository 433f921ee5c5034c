/** How does a film become a file? WebCodecs where the browser has them, otherwise a recorder in real time. */
import { BufferTarget, CanvasSource, Output, Quality, WebMOutputFormat, getFirstEncodableVideoCodec } from "mediabunny";

import { v } from "./words";

/** Takes the canvas as it is, frame by frame, in its own time. */
export interface FilmWriter {
  addFrame(): Promise<void>;
  finish(): Promise<Blob>;
  cancel(): Promise<void>;
}

export const FRAMES_PER_S = 25;
const BITS_PER_S = 6e6;
/** The faster codec first. */
const RECORDED_TYPES = ["video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm"];
/** A recorder that encodes nothing for so long drops the frame. */
const MOST_FRAME_MS = 2000;

/**
 * Begin a film of a canvas; null where the browser can write none.
 *
 * WebCodecs exist on https and localhost only, so a page on a site's own network records instead.
 */
export async function filmWriter(canvas: HTMLCanvasElement): Promise<FilmWriter | null> {
  return (await encoding(canvas)) ?? recording(canvas);
}

async function encoding(canvas: HTMLCanvasElement): Promise<FilmWriter | null> {
  if (!("VideoEncoder" in globalThis)) return null;
  const { height, width } = canvas;
  const codec = await getFirstEncodableVideoCodec(["vp9", "vp8"], { width, height });
  if (codec === null) return null;
  const target = new BufferTarget();
  const output = new Output({ format: new WebMOutputFormat(), target });
  const source = new CanvasSource(canvas, { codec, quality: new Quality("high"), keyFrameInterval: 2 });
  output.addVideoTrack(source, { frameRate: FRAMES_PER_S });
  await output.start();
  let count = 0;
  return {
    addFrame: async () => {
      await source.add(count / FRAMES_PER_S, 1 / FRAMES_PER_S);
      count += 1;
    },
    finish: async () => {
      await output.finalize();
      if (!target.buffer) throw new Error("the encoder wrote nothing");
      return new Blob([target.buffer], { type: "video/webm" });
    },
    cancel: () => output.cancel(),
  };
}

/** A recorder counts real time: frame after frame, each once the one before is encoded; then the pace is mended. */
function recording(canvas: HTMLCanvasElement): FilmWriter | null {
  if (!("MediaRecorder" in globalThis) || !("captureStream" in canvas)) return null;
  const mimeType = RECORDED_TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  if (mimeType === undefined) return null;
  const stream = canvas.captureStream(0); // a frame only when it is asked for
  const track = stream.getVideoTracks().find((each) => each instanceof CanvasCaptureMediaStreamTrack);
  if (!track) return null;
  const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS_PER_S });
  const parts: Blob[] = [];
  let count = 0;
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stop = async (): Promise<void> => {
    const stopped = eventOf(recorder, "stop");
    if (recorder.state !== "inactive") {
      recorder.stop();
      await stopped;
    }
    track.stop();
  };
  return {
    addFrame: async () => {
      if (recorder.state === "inactive") recorder.start();
      track.requestFrame();
      count += 1;
      await encoded(recorder, parts);
    },
    finish: async () => {
      await stop();
      const recorded = new Blob(parts, { type: "video/webm" });
      if (recorded.size === 0) throw new Error(v("film.impossible"));
      // reading films takes more code than writing them; without its index a film plays all the same
      const reading = await import("./film-index").catch(() => null);
      return (await reading?.indexed(recorded, count / FRAMES_PER_S).catch(() => null)) ?? recorded;
    },
    cancel: stop,
  };
}

/** Wait until a recorder has encoded the frame: what it has not encoded at its stop is lost. */
async function encoded(recorder: MediaRecorder, parts: readonly Blob[]): Promise<void> {
  const endMs = performance.now() + MOST_FRAME_MS;
  do {
    await new Promise((resolve) => setTimeout(resolve, 1000 / FRAMES_PER_S));
    const answer = eventOf(recorder, "dataavailable");
    recorder.requestData();
    await answer;
  } while (parts.at(-1)?.size === 0 && performance.now() < endMs);
}

async function eventOf(recorder: MediaRecorder, name: "stop" | "dataavailable"): Promise<void> {
  await new Promise((resolve) => {
    recorder.addEventListener(name, resolve, { once: true });
  });
}
