"""Images that tests of the store add."""

from datetime import UTC, datetime
from hashlib import sha256

from broker.ids import SenderId
from reconstructor.storage.images import NewImage, StoredImage
from reconstructor.storage.store import Store
from tests.photographs import image_id, photograph


def new_image(payload: bytes, sequence: int = 0) -> NewImage:
    return NewImage(
        image_id=image_id(payload, sequence),
        sender=SenderId("rig-north"),
        name=image_id(payload, sequence),
        sha256=sha256(payload).hexdigest(),
        suffix=".jpg",
        content_type="image/jpeg",
        width_px=80,
        height_px=60,
        received_at=datetime.now(UTC),
    )


def add(store: Store, count: int) -> list[StoredImage]:
    payloads = [photograph(seed) for seed in range(count)]
    return [store.add_image(new_image(payload, n), payload)[0] for n, payload in enumerate(payloads)]
