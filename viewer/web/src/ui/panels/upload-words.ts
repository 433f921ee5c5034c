/** Which sentences does the page show of its uploads? What has arrived of each, and what is on its way. */
import type { Upload } from "../../scene/uploading/uploads";
import { isOver } from "../../scene/uploading/uploads";
import { bytes, count, lowered } from "../format";

export function uploadWords(upload: Upload): string {
  const words = sendingWords(upload);
  if (upload.preview === null || isOver(upload) || upload.state === "waiting") return words;
  const number = upload.imageNumber === null ? "" : ` as image ${upload.imageNumber}`;
  const preview = upload.preview === "sent" ? "Preview sent" : `Placed from its preview${number}`;
  return `${preview}. Full size: ${lowered(words)}`;
}

/** The hint that photographs can be seen on the object before they have arrived. */
export function previewWords(previewCount: number): string {
  const are = previewCount === 1 ? "1 photo is" : `${count(previewCount)} photos are`;
  const sizes = previewCount === 1 ? "Its full size is" : "Their full sizes are";
  return `${are} placed from a small preview. ${sizes} still on the way. Keep this page open until every photo is stored.`;
}

function sendingWords(upload: Upload): string {
  switch (upload.state) {
    case "queued":
      return "In the queue";
    case "reading":
      return "Reading";
    case "previewing":
      return "Sending a small preview first";
    case "sending":
      return upload.sentBytes > 0
        ? `${bytes(upload.sentBytes)} of ${bytes(upload.sizeBytes)} sent`
        : `Sending ${bytes(upload.sizeBytes)}`;
    case "sent":
      return "Sent, waiting for the receipt";
    case "waiting":
      return `${upload.reason ?? "Too many photos for now"}. This page sends it again then; leave it open.`;
    case "stored":
      return upload.imageNumber === null ? "Stored" : `Stored as image ${upload.imageNumber}`;
    case "duplicate":
      return upload.imageNumber === null ? "Already stored" : `Already stored as image ${upload.imageNumber}`;
    case "rejected":
    case "failed":
      return upload.reason ?? "Not accepted";
  }
}
