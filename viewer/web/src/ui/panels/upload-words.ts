/** Which sentences does the page show of its uploads? What has arrived of each, and what is on its way. */
import type { Upload } from "../../scene/uploading/uploads";
import { isForAnotherTry, isOver } from "../../scene/uploading/uploads";
import { bytes, sentenceCase } from "../format";
import { reasonWords, t } from "../language/t";

/** What stands still while there is no connection. */
const UNDER_WAY: ReadonlySet<Upload["state"]> = new Set(["queued", "previewing", "sending", "sent"]);

export function uploadWords(upload: Upload, isOnline: boolean, isKept = false): string {
  if (!isOnline && UNDER_WAY.has(upload.state)) return t("upload.offline");
  const words = sendingWords(upload);
  if (isKept && isForAnotherTry(upload)) return t("upload.kept", { reason: sentenceCase(words) });
  if (upload.preview === null || isOver(upload) || upload.state === "waiting") return sentenceCase(words);
  const { imageNumber: number, preview } = upload;
  if (preview === "sent") return t("upload.preview_sent", { words });
  return number === null ? t("upload.preview_placed", { words }) : t("upload.preview_placed_as", { number, words });
}

/** The hint that photographs can be seen on the object before they have arrived. */
export function previewWords(previewCount: number): string {
  return t("upload.previews", { count: previewCount });
}

/** The state of an upload, as words within a sentence. */
function sendingWords({ code, imageNumber: number, reason, sentBytes, sizeBytes, state }: Upload): string {
  switch (state) {
    case "queued":
    case "reading":
    case "previewing":
    case "sent":
      return t(`upload.${state}`);
    case "sending": {
      const size = bytes(sizeBytes);
      return sentBytes > 0 ? t("upload.sent_of", { sent: bytes(sentBytes), size }) : t("upload.sending", { size });
    }
    case "waiting":
      return t("upload.again", { reason: reasonWords(code, reason ?? t("upload.too_many")) });
    case "stored":
    case "duplicate":
      return number === null ? t(`upload.${state}`) : t(`upload.${state}_as`, { number });
    case "rejected":
    case "failed":
      return reasonWords(code, reason ?? t("upload.refused"));
  }
}
