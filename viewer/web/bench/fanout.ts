/**
 * Do many viewers get the same set at once? The page's own follower, many times in one Node; one line of JSON.
 *
 * Each connection has an address of its own on loopback, as visitors have; six connections over HTTP each, as in browsers.
 */
import http from "node:http";
import net from "node:net";
import { Follower } from "../src/scene/follower";
import type { MeasuredCloud } from "../src/scene/spacing";
import { DESKTOP_BUDGET, type WantedShard } from "../src/scene/wanted";
import { authorization } from "../src/wire/credentials";
import { sha256 } from "../src/wire/digest";
import type { GetShard } from "../src/wire/shard-download";

const [url = "", root = "", user = "", project = "", count = "50", patience = "120", base = ""] = process.argv.slice(2);
const credentials = { user, password: process.env["MQTT_PASSWORD"] ?? "", project };
const NO_POINTS = { pointsInWorld: new Float32Array(0), tintsAndSizes: new Uint8Array(0), density: 1 };
const MOST_CONNECTIONS = 6;
const ADDRESSES = 200;

/** The next visitor's address. */
const nextAddress = (): string => `127.0.1.${1 + (connections++ % ADDRESSES)}`;
let connections = 0;
const connect = net.connect.bind(net) as (options: net.TcpNetConnectOpts) => net.Socket;
net.connect = ((options: net.TcpNetConnectOpts) =>
  connect({ ...options, localAddress: nextAddress() })) as typeof net.connect;
net.createConnection = net.connect;

/** Every byte is checked as a page does; unpacking fifty times over would only measure this machine's arithmetic. */
async function verify(payload: Uint8Array<ArrayBuffer>, { encoded, entry }: WantedShard): Promise<MeasuredCloud> {
  if (payload.length !== encoded.size_bytes || (await sha256(payload)) !== encoded.sha256)
    throw new Error(`shard ${entry.index} is not what the manifest promises`);
  return { ...NO_POINTS, count: entry.point_count };
}

/** What a browser's fetch does, over connections of this viewer's own. */
function getter(): GetShard {
  const agent = new http.Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const localAddress = nextAddress(); // an agent does not use the function above
  const headers = authorization(credentials);
  return (digest) =>
    new Promise((resolve, reject) => {
      const asked = http.get(
        new URL(`projects/${project}/shard/${digest}`, base),
        { agent, headers, localAddress },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on("data", (part: Buffer) => parts.push(part));
          answer.on("error", reject);
          answer.on("end", () => {
            const isHere = answer.statusCode === 200;
            if (isHere) byHttp += 1;
            resolve(isHere ? new Uint8Array(Buffer.concat(parts)) : null);
          });
        },
      );
      asked.on("error", reject);
    });
}

let byHttp = 0;

/** Seconds until this viewer has every shard. */
function join(beganMs: number): Promise<number> {
  return new Promise((resolve) => {
    new Follower({
      url,
      root,
      credentials,
      budget: DESKTOP_BUDGET,
      program: "benchmark",
      decode: verify,
      ...(base === "" ? {} : { getShard: getter() }),
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
process.stdout.write(`${JSON.stringify({ viewers: viewers.length, seconds, by_http: byHttp })}\n`, () =>
  process.exit(0),
);
