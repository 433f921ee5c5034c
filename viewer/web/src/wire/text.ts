/** How long is a text on the wire? In bytes of UTF-8, as MQTT counts. */
const UTF8 = new TextEncoder();

/** The length of a text in bytes of UTF-8. */
export function byteLength(text: string): number {
  return UTF8.encode(text).length;
}
