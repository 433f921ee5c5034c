// Fetches retained messages with MQTT.js as a browser would: node reader.mjs URL USER TOPIC COUNT BYTES ROUNDS SECONDS,
// password in MQTT_PASSWORD. Prints one line of JSON: {"seconds": [per round], "bytes": received in the last round}.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../viewer/web/package.json", import.meta.url));
const { connectAsync } = require("mqtt");

const [url, username, topic, count, bytes, rounds, patience] = process.argv.slice(2);
const expected = Number(count) * Number(bytes);

const client = await connectAsync(url, {
  username,
  password: process.env.MQTT_PASSWORD,
  protocolVersion: 5,
  properties: { receiveMaximum: 8 },
  reconnectPeriod: 0,
});

/** Bytes that came over the wire: a slow listener is measured by what it managed, not only by whole messages. */
let wireBytes = 0;
client.stream.on("data", (piece) => (wireBytes += piece.length));

async function fetchAll(deadline) {
  const begin = performance.now();
  wireBytes = 0;
  let received = 0;
  const done = new Promise((resolve) => {
    client.removeAllListeners("message");
    client.on("message", (_topic, payload) => {
      received += payload.length;
      if (received >= expected) resolve(true);
    });
    setTimeout(() => resolve(false), deadline - begin);
  });
  await client.subscribeAsync(topic, { qos: 1 });
  const complete = await done;
  const seconds = (performance.now() - begin) / 1000;
  if (complete) await client.unsubscribeAsync(topic);
  return { complete, seconds };
}

const deadline = performance.now() + 1000 * Number(patience);
const seconds = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const result = await fetchAll(deadline);
  seconds.push(result.seconds);
  if (!result.complete) break;
}
console.log(JSON.stringify({ seconds, bytes: Math.min(wireBytes, expected) }));
process.exit(0);
