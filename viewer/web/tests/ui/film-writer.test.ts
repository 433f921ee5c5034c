import { beforeEach, expect, it, vi } from "vitest";

import { filmWriter } from "../../src/ui/documentation/film-writer";

class Track {
  requestFrame(): void {
    return;
  }
  stop(): void {
    return;
  }
}

/** A recorder that writes what no program can read. */
class Recorder extends EventTarget {
  static isTypeSupported(): boolean {
    return true;
  }
  state = "inactive";
  start(): void {
    this.state = "recording";
  }
  requestData(): void {
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob(["film"]) })));
  }
  stop(): void {
    this.state = "inactive";
    queueMicrotask(() => this.dispatchEvent(new Event("stop")));
  }
}

const canvas = { captureStream: () => ({ getVideoTracks: () => [new Track()] }) } as unknown as HTMLCanvasElement;

beforeEach(() => {
  vi.stubGlobal("MediaRecorder", Recorder);
  vi.stubGlobal("CanvasCaptureMediaStreamTrack", Track);
});

it("a film that cannot be read again is given as it was recorded", async () => {
  const writer = await filmWriter(canvas);
  await writer?.addFrame();
  expect(await (await writer?.finish())?.text()).toBe("film");
});

it("a recording without a single byte is no film", async () => {
  const writer = await filmWriter(canvas);
  await expect(writer?.finish()).rejects.toThrow("cannot write videos");
});
