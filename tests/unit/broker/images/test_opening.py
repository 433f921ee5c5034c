"""HEIC is opened where its reader is installed, and nowhere else."""

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from broker.images import opening
from broker.images.folders import REASON_BY_SUFFIX
from broker.images.formats import HEIC, IMAGE_FORMATS
from broker.images.opening import formats_read, is_heic, open_image
from broker.images.thumbnails import thumbnail
from broker.images.wholeness import is_whole
from tests.cards import heic, needs_heic


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"msf1"])
def test_heic_is_known_by_its_brand(brand: bytes) -> None:
    assert is_heic(b"\0\0\0\x18ftyp" + brand)
    assert not is_heic(b"\0\0\0\x18ftypavif")
    assert not is_heic(brand)


def test_without_the_reader_heic_is_no_format_and_the_reason_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "can_read_heic", lambda: False)
    assert set(formats_read()) == set(IMAGE_FORMATS) - {HEIC}
    with pytest.raises(UnidentifiedImageError):
        open_image(b"\0\0\0\x18ftypheic" + bytes(40), only_taken=True)
    assert all("setup.sh server heic" in REASON_BY_SUFFIX[suffix] for suffix in HEIC.suffixes)


def test_a_file_in_another_format_than_those_taken_is_not_opened() -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "BMP")
    with pytest.raises(UnidentifiedImageError):
        open_image(out.getvalue(), only_taken=True)
    assert open_image(out.getvalue()).format == "BMP"


@needs_heic
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_the_reader_opens_every_kind_of_heic(mode: str) -> None:
    picture = Image.linear_gradient("L").convert(mode).resize((120, 80))
    with open_image(heic(picture), only_taken=True) as image:
        assert (image.format, image.size) == ("HEIF", (120, 80))
    small = thumbnail(heic(picture))
    assert small is not None
    assert abs(np.asarray(Image.open(io.BytesIO(small)).convert("L"), np.float64).mean() - 127) < 8


@needs_heic
def test_the_picture_itself_is_drafted_not_the_small_one_beside_it() -> None:
    with open_image(heic(7, thumbnails=[32])) as image:
        image.draft("L", (1, 1))
        image.load()
        assert image.size == (80, 60)


@needs_heic
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_cut_heic_is_known_without_its_reader(share: float) -> None:
    whole = heic(3)
    assert is_whole(whole)
    assert is_whole(whole + b"\0more")
    assert not is_whole(whole[: int(share * len(whole))])


def test_boxes_of_every_length_are_followed() -> None:
    start = b"\0\0\0\x10ftypheic\0\0\0\0"
    assert is_whole(start + b"\0\0\0\0mdat" + bytes(9))  # up to the end of the file
    assert is_whole(start + b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + bytes(4))
    assert not is_whole(start + b"\0\0\0\1mdat" + (21).to_bytes(8, "big") + bytes(4))
    assert not is_whole(start + b"\0\0\0\1mdat\0\0")
    assert not is_whole(start)
