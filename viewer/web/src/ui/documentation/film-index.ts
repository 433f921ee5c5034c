/** How does a recorded film get its length, its pace and an index? It is written again with the same encoded frames. */
import {
  BlobSource,
  BufferTarget,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  Output,
  WEBM,
  WebMOutputFormat,
} from "mediabunny";

/**
 * Write a recorded WebM again; null without frames. Throws where it cannot be read.
 *
 * A recorder counts real time, so a slow computer's film is too long. It writes neither a length nor an index, without
 * which Firefox cannot jump in it.
 */
export async function indexed(recorded: Blob, lengthS: number): Promise<Blob | null> {
  const track = await new Input({ formats: [WEBM], source: new BlobSource(recorded) }).getPrimaryVideoTrack();
  const [codec, decoderConfig] = [await track?.getCodec(), await track?.getDecoderConfig()];
  if (!track || !codec || !decoderConfig) return null;
  const frames = [];
  for await (const frame of new EncodedPacketSink(track).packets()) frames.push(frame);
  if (frames.length === 0) return null;
  const lastS = frames.at(-1)?.timestamp ?? 0;
  const pace = lastS > 0 ? (lengthS * (1 - 1 / frames.length)) / lastS : 1;
  const target = new BufferTarget();
  const output = new Output({ format: new WebMOutputFormat(), target });
  const source = new EncodedVideoPacketSource(codec);
  output.addVideoTrack(source);
  await output.start();
  for (const [index, frame] of frames.entries()) {
    const timestamp = pace * frame.timestamp;
    const next = frames[index + 1];
    const duration = (next ? pace * next.timestamp : lengthS) - timestamp;
    await source.add(frame.clone({ timestamp, duration }), { decoderConfig });
  }
  await output.finalize();
  return target.buffer && new Blob([target.buffer], { type: "video/webm" });
}
