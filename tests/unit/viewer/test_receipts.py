"""Receipts in words, and which of them end an upload."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker.ids import ImageName, ProjectId
from broker.messages import ReceiptStatus, UploadAcknowledged
from viewer.receipts import describe_receipt
from viewer.uploading.photographs import Uploaded
from viewer.watch import describe


def receipt(status: str, **facts: Any) -> UploadAcknowledged:
    return UploadAcknowledged(
        project=ProjectId("chapel"), status=ReceiptStatus(status), image_name=ImageName("img-1"), **facts
    )


@pytest.mark.parametrize(
    ("given", "words", "is_over", "is_safe"),
    [
        (
            receipt("previewed", image_number=3),
            "placed from its preview as image 3, its full size is still to come",
            False,
            False,
        ),
        (receipt("preview_refused", code="no_previews"), "sent without a preview: no_previews", False, False),
        (receipt("stored", image_number=3), "stored as image 3", True, True),
        (receipt("duplicate"), "was there already", True, True),
        (receipt("rejected", reason="too dark"), "not accepted: too dark", True, False),
        (
            receipt("rejected", reason="too many", retry_at=datetime.now(UTC)),
            "has to wait: too many",
            False,
            False,
        ),
    ],
)
def test_receipt_in_words(given: UploadAcknowledged, words: str, is_over: bool, is_safe: bool) -> None:
    assert describe_receipt(given) == words
    assert describe(given).endswith(f"upload_acknowledged  img-1 {words}")
    uploaded = Uploaded(path=Path("a.jpg"), receipt=given)
    assert (uploaded.is_over, uploaded.is_safe) == (is_over, is_safe)
