"""What does a receipt mean? One line for people, as `cairn view upload` and `watch` print it."""

from broker.messages import ReceiptStatus, UploadAcknowledged


def describe_receipt(receipt: UploadAcknowledged) -> str:
    """What became of a photograph, or of its preview."""
    number = "" if receipt.image_number is None else f" as image {receipt.image_number}"
    why = receipt.reason or receipt.code or "no reason given"
    if receipt.retry_at is not None:
        return f"has to wait: {why}"
    match receipt.status:
        case ReceiptStatus.PREVIEWED:
            return f"placed from its preview{number}, its full size is still to come"
        case ReceiptStatus.PREVIEW_REFUSED:
            return f"sent without a preview: {why}"
        case ReceiptStatus.STORED:
            return f"stored{number}"
        case ReceiptStatus.DUPLICATE:
            return f"was there already{number}"
        case ReceiptStatus.REJECTED:
            return f"not accepted: {why}"
