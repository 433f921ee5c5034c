"""Photographs of few bytes, and the receipts that a reconstructor gives for them."""

from broker.ids import ImageId, ProjectId
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.photograph import Photograph


def photograph(number: int, source: str | None = None) -> Photograph:
    return Photograph(content=f"photo {number}".encode() * 100, content_type="image/jpeg", source=source)


def receipt(image_id: ImageId, status: ReceiptStatus = ReceiptStatus.STORED) -> UploadAcknowledged:
    return UploadAcknowledged(
        project=ProjectId("chapel"), status=status, image_name=image_id, image_id=image_id, image_number=7, reason="why"
    )
