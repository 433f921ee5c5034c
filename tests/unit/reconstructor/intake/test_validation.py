"""Which uploads are taken, and with which code the others are not."""

import asyncio
import dataclasses
import hashlib
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from broker.contract import MAX_IMAGE_BYTES
from broker.ids import ImageName, SenderId
from broker.messages import ReceiptStatus
from reconstructor.decoders.inspection import (
    DamagedImageError,
    ImageRefusedError,
    ImageTooCostlyError,
    ImageTooLargeError,
    Inspected,
    NotAnImageError,
    PixelLimits,
    inspect,
)
from reconstructor.engine.features.photographs import read_photograph
from reconstructor.engine.settings import EngineSettings
from reconstructor.intake.validation import (
    EmptyImageError,
    ForeignSessionError,
    Taken,
    Upload,
    WrongDigestError,
    take_in,
)
from reconstructor.storage.store import Store
from tests.photographs import huge_png, image_id, photograph

LIMITS = PixelLimits(reduced=178_956_970, full=178_956_970, side_px=32_768)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def upload(payload: bytes, name: str = "door", sender: str = "anna") -> Upload:
    return Upload(sender=SenderId(sender), name=ImageName(name), payload=payload)


def take(upload: Upload, store: Store, limits: PixelLimits = LIMITS) -> Taken:
    """Take an upload in, decoded in this process."""

    async def inspect_here(content: bytes, _is_new: bool) -> Inspected:
        return inspect(content, limits)

    return asyncio.run(take_in(upload, store, inspect_here))


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("TIFF", ".tif")])
def test_an_image_of_each_format_is_stored_byte_for_byte(store: Store, kind: str, suffix: str) -> None:
    payload = photograph(1, kind=kind)
    taken = take(upload(payload), store)
    assert (taken.status, taken.image.number) == (ReceiptStatus.STORED, 1)
    assert store.path(taken.image).suffix == suffix
    assert store.path(taken.image).read_bytes() == payload


def test_a_jpeg_with_further_pictures_behind_the_first_is_a_jpeg(store: Store) -> None:
    """Phones and drones write these: Pillow calls them MPO."""
    stream = io.BytesIO()
    first, second = Image.new("RGB", (80, 60), (200, 90, 10)), Image.new("RGB", (80, 60))
    first.save(stream, "MPO", save_all=True, append_images=[second])
    taken = take(upload(stream.getvalue()), store)
    assert (taken.status, store.path(taken.image).suffix) == (ReceiptStatus.STORED, ".jpg")


@pytest.mark.parametrize("error", [TypeError, KeyError, RecursionError, AssertionError, ZeroDivisionError])
def test_whatever_a_decoder_raises_the_image_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error("from deep inside")

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", fail)
    with pytest.raises(DamagedImageError, match="from deep inside"):
        take(upload(photograph(1)), store)
    assert store.image_count() == 0


def test_an_image_that_needs_too_much_memory_is_refused_in_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", fail)
    with pytest.raises(ImageTooCostlyError, match="more memory"):
        take(upload(photograph(1)), store)


def test_the_122_byte_tiff_is_refused(store: Store) -> None:
    """Pillow 13.0.0 raises a TypeError on it: an entry of the wrong type names the strip."""
    entries = [(0x100, 3, 1, 8), (0x101, 3, 1, 8), (0x102, 3, 1, 8), (0x103, 3, 0xC5000001, 1), (0x106, 3, 1, 1)]
    entries += [(0x111, 2, 1, 0xFFFFFFF0), (0x115, 3, 1, 1), (0x116, 3, 1, 8), (0x117, 4, 1, 0x40)]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)
    assert len(tiff) == 122
    with pytest.raises(DamagedImageError):
        take(upload(tiff), store)


def test_a_plain_name_gets_an_id_from_the_digest(store: Store) -> None:
    payload = photograph(1)
    taken = take(upload(payload, "door1"), store)
    assert taken.image.image_id == f"door1-000000-{hashlib.sha256(payload).hexdigest()[:16]}"


def test_a_label_is_kept_and_names_no_session(store: Store) -> None:
    """Else anybody could take a rig's next session by one photograph of that name."""
    session = "rig-north-a1b2c3"
    first, second = photograph(1), photograph(2)
    labelled = take(upload(first, f"{session}.JPG"), store).image
    assert labelled.image_id.session == session
    record = json.loads((store.images_folder / f"{labelled.image_id}.json").read_bytes())
    assert record["photographers_name"] == f"{session}.JPG"
    taken = take(upload(second, image_id(second, 1, session), "rig-north"), store)
    assert taken.status is ReceiptStatus.STORED


def test_the_same_id_again_is_a_duplicate_with_the_same_number(store: Store) -> None:
    payload = photograph(1)
    name = image_id(payload, 7)
    first = take(upload(payload, name), store)
    again = take(upload(payload, name), store)
    assert again.status is ReceiptStatus.DUPLICATE
    assert again.image == first.image
    assert store.image_count() == 1


def test_the_same_bytes_under_another_name_are_a_duplicate(store: Store) -> None:
    payload = photograph(1)
    first = take(upload(payload, "door"), store)
    again = take(upload(payload, "window"), store)
    assert (again.status, again.image.image_id) == (ReceiptStatus.DUPLICATE, first.image.image_id)


def flat_png(side_px: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (side_px, side_px)).save(stream, "PNG")
    return stream.getvalue()


JPEG = photograph(3)


@pytest.mark.parametrize(
    ("payload", "error", "code"),
    [
        (b"", EmptyImageError, "empty_image"),
        (b"GIF89a, or so it says", NotAnImageError, "not_an_image"),
        (b"\xff\xd8\xff", NotAnImageError, "not_an_image"),
        (b"<svg/>" * 100, NotAnImageError, "not_an_image"),
        (JPEG[:-300], DamagedImageError, "damaged_image"),
        (JPEG[: len(JPEG) // 2], DamagedImageError, "damaged_image"),
        (photograph(3, kind="PNG")[:-2000], DamagedImageError, "damaged_image"),
        (photograph(3, kind="WEBP")[:-200], DamagedImageError, "damaged_image"),
        (photograph(3, kind="TIFF")[:-5000], DamagedImageError, "damaged_image"),
        (b"II*\0" + (9000).to_bytes(4, "little") + bytes(500), DamagedImageError, "damaged_image"),
        (b"MM\0*" + (9000).to_bytes(4, "big") + bytes(500), DamagedImageError, "damaged_image"),
        (huge_png(40_000), ImageTooLargeError, "image_too_large"),
        (huge_png(2_000_000_000), ImageTooLargeError, "image_too_large"),
        (huge_png(30_000), ImageTooLargeError, "image_too_large"),
        (b"\xff\xd8\xff" + bytes(MAX_IMAGE_BYTES), ImageTooLargeError, "image_too_large"),
    ],
)
def test_what_is_not_acceptable_is_refused_with_its_code(
    store: Store, payload: bytes, error: type[ImageRefusedError], code: str
) -> None:
    with pytest.raises(error) as caught:
        take(upload(payload), store)
    assert caught.value.code == code
    assert store.image_count() == 0
    assert list(store.images_folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("kept_ratio", [0.2, 0.5, 0.9])
def test_a_file_that_is_cut_on_a_disk_is_told_from_one_that_is_cut_on_its_way(
    store: Store, kind: str, kept_ratio: float
) -> None:
    whole = photograph(3, kind=kind)
    cut = whole[: int(len(whole) * kept_ratio)]
    for name in (image_id(cut, 1), f"IMG_0001.{kind}"):  # from a rig, and from `mosquitto_pub`
        with pytest.raises(DamagedImageError, match=r"the file itself is cut .*take it again"):
            take(upload(cut, name), store)
    with pytest.raises(WrongDigestError, match="send the image again"):
        take(upload(cut, image_id(whole, 1)), store)
    assert take(upload(whole, image_id(whole, 1)), store).status is ReceiptStatus.STORED


@pytest.mark.parametrize(
    ("label", "file_name"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("T\u00fcr 1.jpg", "T\u00fcr 1.jpg"),
        ("\u5199\u771f.jpg", "\u5199\u771f.jpg"),
        ("DSC_0001 (2).JPG", "DSC_0001 (2).JPG"),
        ("C:\\card\\DSC1.JPG", "C__card_DSC1.JPG"),
        ("..", None),
    ],
)
def test_a_label_is_what_the_engine_and_exports_call_the_photograph(
    store: Store, label: str, file_name: str | None
) -> None:
    path = store.path(take(upload(photograph(1, width_px=320, height_px=240), label), store).image)
    assert read_photograph(path, EngineSettings()).file_name == (file_name or path.name)


def test_a_long_narrow_image_is_refused_by_its_side(store: Store) -> None:
    with pytest.raises(ImageTooLargeError):
        take(upload(photograph(1, width_px=3000, height_px=2)), store, dataclasses.replace(LIMITS, side_px=2000))


@pytest.mark.parametrize(
    ("kind", "options", "is_taken"),
    [
        ("JPEG", {}, True),
        ("JPEG", {"progressive": True}, False),
        ("PNG", {}, False),
        ("WEBP", {}, False),
        ("TIFF", {}, False),
    ],
)
def test_only_a_baseline_jpeg_may_have_many_pixels(
    store: Store, kind: str, options: dict[str, bool], *, is_taken: bool
) -> None:
    """Anything else is decoded at full size."""
    stream = io.BytesIO()
    Image.new("RGB", (80, 60)).save(stream, kind, **options)
    limits = PixelLimits(reduced=4800, full=4799, side_px=80)
    if is_taken:
        assert take(upload(stream.getvalue()), store, limits).status is ReceiptStatus.STORED
        return
    with pytest.raises(ImageTooLargeError, match="baseline JPEG"):
        take(upload(stream.getvalue()), store, limits)


def test_an_image_within_the_limits_is_not_called_a_bomb(store: Store) -> None:
    payload = flat_png(13_000)  # 169 megapixels: Pillow alone would warn
    assert take(upload(payload), store).status is ReceiptStatus.STORED


def test_other_bytes_than_the_id_says_are_refused(store: Store) -> None:
    with pytest.raises(WrongDigestError) as caught:
        take(upload(photograph(1), image_id(photograph(2), 1)), store)
    assert caught.value.code == "wrong_digest"


@pytest.mark.parametrize(
    ("session", "sender"),
    [
        ("rig-north-upload", "carl"),
        ("rig-north-a1b2c3", "rig-south"),
        ("rig-north2-a1b2c3", "rig-north"),
        ("walk", "carl"),
    ],
)
def test_an_image_in_the_session_of_another_sender_is_refused(store: Store, session: str, sender: str) -> None:
    first, second = photograph(1), photograph(2)
    take(upload(first, image_id(first, 1, "walk")), store)
    with pytest.raises(ForeignSessionError, match=f"'{session}' is another sender's"):
        take(upload(second, image_id(second, 2, session), sender), store)
    assert store.image_count() == 1


def test_a_session_is_its_first_senders_and_a_plain_name_is_everybodys(store: Store) -> None:
    for number, (name, sender) in enumerate(
        [
            ("walk", "anna"),
            ("walk", "anna"),
            ("walk-000001-x", "bert"),  # like an id of `walk`, and longer
            ("rig-north-a1b2c3", "rig-north"),
            ("rig-north", "rig-north"),
            (f"rig-{'n' * 28}-a1b2c3", f"rig-{'n' * 40}"),  # a long name is cut in its sessions
        ]
    ):
        payload = photograph(number)
        assert take(upload(payload, image_id(payload, number, name), sender), store).image.sender == sender
    for number, sender in enumerate(("anna", "bert"), start=10):
        assert take(upload(photograph(number), "door", sender), store).status is ReceiptStatus.STORED
