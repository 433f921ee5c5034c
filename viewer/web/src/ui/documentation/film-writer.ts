/** How does a film become a file? WebCodecs where the browser has them, otherwise a recorder in real time. */
import { BufferTarget, CanvasSource, Output, Quality, WebMOutputFormat, getFirstEncodableVideoCodec } from "mediabunny";

/** Takes the canvas as it is, frame by frame, in its own time. */
export interface FilmWriter {
  addFrame(): Promise<void>;
  finish(): Promise<Blob>;
  cancel(): Promise<void>;
}

export const FRAMES_PER_S = 25;
const BITS_PER_S = 6e6;
const RECORDED_TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

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

/** A recorder counts real time: where drawing a frame takes longer than it is shown, the film is slower. */
function recording(canvas: HTMLCanvasElement): FilmWriter | null {
  if (!("MediaRecorder" in globalThis) || !("captureStream" in canvas)) return null;
  const mimeType = RECORDED_TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  if (mimeType === undefined) return null;
  const stream = canvas.captureStream(0); // a frame only when it is asked for
  const track = stream.getVideoTracks().find((each) => each instanceof CanvasCaptureMediaStreamTrack);
  if (!track) return null;
  const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS_PER_S });
  const parts: Blob[] = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => {
      recorder.addEventListener("stop", resolve, { once: true });
    });
    recorder.stop();
    await stopped;
    track.stop();
  };
  return {
    addFrame: async () => {
      if (recorder.state === "inactive") recorder.start();
      track.requestFrame();
      await new Promise((resolve) => setTimeout(resolve, 1000 / FRAMES_PER_S));
    },
    finish: async () => {
      await stop();
      return new Blob(parts, { type: "video/webm" });
    },
    cancel: stop,
  };
}
