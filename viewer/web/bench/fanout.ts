/** Do many viewers get the same set at once? The page's own follower, many times in one Node; one line of JSON. */
import { LeftByPeople } from "../src/scene/annotations/left";
import { Follower } from "../src/scene/follower";
import type { MeasuredCloud } from "../src/scene/spacing";
import { DESKTOP_BUDGET, type WantedShard } from "../src/scene/wanted";
import { sha256 } from "../src/wire/digest";

const [url = "", root = "", user = "", project = "", count = "50", patience = "120"] = process.argv.slice(2);
const credentials = { user, password: process.env["MQTT_PASSWORD"] ?? "", project };
const NO_POINTS = { pointsInWorld: new Float32Array(0), tintsAndSizes: new Uint8Array(0), density: 1 };

/** Every byte is checked as a page does; unpacking fifty times over would only measure this machine's arithmetic. */
async function verify(payload: Uint8Array<ArrayBuffer>, { encoded, entry }: WantedShard): Promise<MeasuredCloud> {
  if (payload.length !== encoded.size_bytes || (await sha256(payload)) !== encoded.sha256)
    throw new Error(`shard ${entry.index} is not what the manifest promises`);
  return { ...NO_POINTS, count: entry.point_count };
}

/** Seconds until this viewer has every shard. */
function join(beganMs: number): Promise<number> {
  return new Promise((resolve) => {
    new Follower({
      url,
      root,
      credentials,
      budget: DESKTOP_BUDGET,
      program: "benchmark",
      left: new LeftByPeople(() => undefined),
      decode: verify,
      onCloud: () => undefined,
      onState: ({ scene: { shown } }) => {
        if (shown && shown.loaded.size === shown.shards.length) resolve((performance.now() - beganMs) / 1000);
      },
    });
  });
}

const beganMs = performance.now();
const late = new Promise<null>((resolve) => {
  setTimeout(
    () => {
      resolve(null);
    },
    1000 * Number(patience),
  );
});
const viewers = Array.from({ length: Number(count) }, () => Promise.race([join(beganMs), late]));
const seconds = (await Promise.all(viewers)).filter((each) => each !== null);
process.stdout.write(`${JSON.stringify({ viewers: viewers.length, seconds })}\n`, () => process.exit(0));
