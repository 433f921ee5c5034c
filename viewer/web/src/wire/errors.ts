/** What can go wrong on the wire? An error with a `code` for programs and a message for people. */
export class WireError extends Error {
  override readonly name = "WireError";

  constructor(
    readonly code:
      | "bad_config"
      | "bad_id"
      | "bad_invitation"
      | "bad_message"
      | "bad_page"
      | "bad_ply"
      | "bad_shard"
      | "bad_thumbnail"
      | "bad_topic"
      /** The browser took the graphics away. */
      | "context_lost"
      | "image_too_large"
      | "login_refused"
      /** The broker takes no such message from this account. */
      | "look_only"
      | "name_taken"
      | "no_photograph"
      | "no_webgl"
      /** The name or the password is wrong, and nothing else. */
      | "not_allowed"
      | "no_receipt"
      | "not_an_image"
      | "not_operator"
      | "nothing_to_measure"
      | "packet_too_large"
      | "publish_refused"
      | "unknown_schema"
      | "unreadable_file"
      | "unreachable",
    message: string,
  ) {
    super(message);
  }
}

/** The message of any thrown value. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
