"""Which previews are taken, and what is said of the others."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.contract import MAX_PREVIEW_BYTES
from broker.ids import ImageName, SenderId
from broker.messages import ReceiptStatus
from reconstructor.decoders.inspection import Inspected, PixelLimits, inspect
from reconstructor.intake.previews import BadPreviewError, PreviewKnownError, take_preview
from reconstructor.intake.validation import ForeignSessionError, Upload, WrongDigestError, take_in
from reconstructor.storage.images import StoredImage
from reconstructor.storage.store import Store
from tests.photographs import image_id
from tests.previews import large_photograph, preview_of

ORIGINAL = large_photograph(1)
PREVIEW = preview_of(ORIGINAL)
ID = image_id(ORIGINAL, 1)
LIMITS = PixelLimits(reduced=1_000_000, full=1_000_000, side_px=2000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def take(store: Store, payload: bytes = PREVIEW, name: str = ID, sender: str = "anna") -> tuple[StoredImage, bool]:
    async def inspect_here(content: bytes) -> Inspected:
        return inspect(content, LIMITS)

    upload = Upload(sender=SenderId(sender), name=ImageName(name), payload=payload)
    return asyncio.run(take_preview(upload, store, inspect_here))


def send_original(store: Store, payload: bytes = ORIGINAL, sender: str = "anna") -> ReceiptStatus:
    async def inspect_here(content: bytes, _is_new: bool) -> Inspected:
        return inspect(content, LIMITS)

    upload = Upload(sender=SenderId(sender), name=ImageName(ID), payload=payload)
    return asyncio.run(take_in(upload, store, inspect_here)).status


def test_a_preview_gives_the_number_and_its_original_is_stored_under_it(store: Store) -> None:
    image, is_new = take(store)
    assert (image.number, image.image_id, image.has_original, is_new) == (1, ID, False, True)
    assert take(store) == (image, False)
    assert send_original(store) is ReceiptStatus.STORED
    assert send_original(store) is ReceiptStatus.DUPLICATE
    (stored,) = store.images()
    assert (stored.number, stored.has_original) == (1, True)
    assert take(store)[0].has_original


@pytest.mark.parametrize("payload", [b"", bytes(MAX_PREVIEW_BYTES + 1)], ids=["empty", "too large"])
def test_bytes_beyond_the_limits_are_no_preview(store: Store, payload: bytes) -> None:
    with pytest.raises(BadPreviewError, match="1 to 262144 bytes"):
        take(store, payload)
    assert store.image_count() == 0


def test_a_preview_of_somebody_elses_session_is_refused_whether_its_image_is_there_or_not(store: Store) -> None:
    take(store)
    for payload, sequence in ((ORIGINAL, 1), (b"another", 2)):
        with pytest.raises(ForeignSessionError, match="another sender's"):
            take(store, name=image_id(payload, sequence), sender="eve")


def test_a_photograph_that_is_awaited_under_one_id_is_not_previewed_under_another(store: Store) -> None:
    take(store)
    with pytest.raises(PreviewKnownError, match=f"{ID} has the same digest"):
        take(store, name=image_id(ORIGINAL, 1, "attic"), sender="eve")
    send_original(store)
    image, is_new = take(store, name=image_id(ORIGINAL, 1, "attic"), sender="eve")
    assert (image.image_id, is_new) == (ID, False)


def test_other_bytes_than_the_id_promises_do_not_become_the_original(store: Store) -> None:
    take(store)
    with pytest.raises(WrongDigestError):
        send_original(store, large_photograph(2))
    assert not store.image(1).has_original
    with pytest.raises(ForeignSessionError):
        send_original(store, sender="eve")
    assert not store.image(1).has_original
