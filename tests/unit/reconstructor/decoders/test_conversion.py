"""Of HEIC, everybody reads a copy that says the same: pixels, EXIF, transparency."""

import io
import json
import struct
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from broker.ids import ImageName, SenderId
from reconstructor.decoders import inspection
from reconstructor.decoders.conversion import readable_path
from reconstructor.decoders.inspection import (
    DamagedImageError,
    ImageRefusedError,
    ImageTooLargeError,
    NotAnImageError,
    PixelLimits,
)
from reconstructor.decoders.pool import Decoders
from reconstructor.decoders.protocol import Limits
from reconstructor.engine.features.photographs import UnreadablePhotographError, read_photograph
from reconstructor.engine.settings import EngineSettings
from reconstructor.intake.validation import Upload, take_in
from reconstructor.metric_scale.gps import fix_of
from reconstructor.storage.images import ImageRecord
from reconstructor.storage.store import Store
from tests.cards import heic, needs_heic
from tests.photographs import photograph


def children() -> set[int]:
    """The processes that this one has started."""
    return {each.pid for each in psutil.Process().children()}


PIXELS = PixelLimits(reduced=10_000_000, full=1_000_000, side_px=4096)


def telephone_heic(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "Apple", "iPhone 15", orientation
    exif.get_ifd(IFD.Exif)[Base.FocalLengthIn35mmFilm] = 26
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (48.0, 30.0, 0.0), 3: "E", 4: (9.0, 15.0, 0.0)})
    picture = Image.linear_gradient("L").resize((160, 120)).convert("RGB")
    return heic(picture, exif=exif.tobytes())


async def check_hostile(decoders: Decoders, good: bytes) -> None:
    """Wrong sizes and 40 mutations are refused, and none costs a decoder."""
    before, random = children(), np.random.default_rng(9)
    size_at = good.index(b"ispe") + 8
    hostile = [good[:size_at] + struct.pack(">II", side, side) + good[size_at + 8 :] for side in (4097, 65_535, 2**31)]
    for _ in range(40):
        changed = bytearray(good)
        for place in random.integers(0, len(good), 8):
            changed[int(place)] = int(random.integers(0, 256))
        hostile.append(bytes(changed[: int(random.integers(40, len(good)))]))
    for each in hostile:
        with pytest.raises(ImageRefusedError):
            await decoders.inspect(each)
    assert children() == before


@needs_heic
async def test_a_decoder_checks_heic_and_makes_the_copy_that_the_black_box_reads(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    payload = telephone_heic()
    store = Store(tmp_path / "chapel", refetch_every=10)
    request.addfinalizer(store.close)
    upload = Upload(sender=SenderId("anna"), name=ImageName("img-1"), payload=payload, file_name="IMG_1.HEIC")
    async with Decoders(count=2, limits=Limits(memory_bytes=1 << 30, cpu_s=5), pixels=PIXELS) as decoders:
        taken = await take_in(upload, store, lambda content, _is_new: decoders.inspect(content))
        with pytest.raises(DamagedImageError, match="HEIC does not read"):
            await decoders.inspect(payload[: len(payload) // 2])
        await check_hostile(decoders, heic(1))
    path = store.path(taken.image)
    assert path.suffix == ".jpg"
    assert path.with_suffix(".heic").read_bytes() == payload
    record = ImageRecord.model_validate_json(path.with_suffix(".json").read_bytes())
    assert (record.content_type, record.size_bytes) == ("image/heic", len(payload))
    with Image.open(path) as image:
        assert (image.format, image.size, image.getexif()[Base.Model]) == ("JPEG", (160, 120), "iPhone 15")
        assert abs(np.asarray(image.convert("L"), np.float64).mean() - 127) < 6
    fix = fix_of(path)
    assert fix is not None
    assert (fix.latitude_deg, fix.longitude_deg) == (48.5, 9.25)
    read = read_photograph(path, EngineSettings(threads=1))
    assert read.file_name == "IMG_1.HEIC"
    assert read.sensor.focal_px == pytest.approx(26 / 36 * 160, rel=0.05)


@needs_heic
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_turned_heic_is_turned_once(tmp_path: Path, orientation: int) -> None:
    source = tmp_path / "a.heic"
    source.write_bytes(telephone_heic(orientation))
    path = readable_path(source, tmp_path / "out")
    read = read_photograph(path, EngineSettings(threads=1))
    assert (read.width_px, read.height_px) == ((120, 160) if orientation == 6 else (160, 120))
    rows, columns = read.gray.mean(axis=1), read.gray.mean(axis=0)
    darkest = {1: rows[0], 3: rows[-1], 6: columns[-1]}[orientation]  # the gradient begins there
    assert darkest < 20


@needs_heic
def test_transparent_parts_stay_a_mask(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (160, 120), (200, 200, 200, 255))
    picture.paste((10, 10, 10, 0), (0, 0, 80, 120))
    (tmp_path / "a.heic").write_bytes(heic(picture))
    path = readable_path(tmp_path / "a.heic", tmp_path / "out")
    assert path.suffix == ".png"
    shown = read_photograph(path, EngineSettings(threads=1)).is_shown
    assert shown is not None
    assert not shown[:, :70].any()
    assert shown[:, 90:].all()


@needs_heic
def test_what_lies_beside_a_photograph_lies_beside_its_copy(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(heic(1))
    (tmp_path / "a.heic.json").write_text('{"sensor": "left"}')
    path = readable_path(tmp_path / "a.heic", tmp_path / "out")
    beside = json.loads(path.with_name(path.name + ".json").read_text())
    assert beside == {"file_name": "a.heic", "sensor": "left"}


@needs_heic
def test_a_copy_of_the_longest_name_has_a_shorter_one(tmp_path: Path) -> None:
    source = tmp_path / f"{'x' * 250}.heic"
    source.write_bytes(telephone_heic())
    path = readable_path(source, tmp_path / "out")
    assert path.name == "photograph.jpg"
    assert read_photograph(path, EngineSettings(threads=1)).file_name == source.name


@needs_heic
@pytest.mark.parametrize("beside", [b"{", b"[1]", b"\xff"])
def test_what_is_no_metadata_is_said_by_who_reads_the_copy(tmp_path: Path, beside: bytes) -> None:
    (tmp_path / "a.heic").write_bytes(heic(1))
    (tmp_path / "a.heic.json").write_bytes(beside)
    path = readable_path(tmp_path / "a.heic", tmp_path / "out")
    with pytest.raises(UnreadablePhotographError, match=r"a\.heic\.jpg\.json"):
        read_photograph(path, EngineSettings(threads=1))


@needs_heic
def test_a_copy_that_no_image_may_be_as_large_as_is_compressed_more(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    content = heic(Image.fromarray(noise))
    usual = inspection.inspect(content, PIXELS).readable
    assert usual is not None
    most_bytes = len(usual.content) - 1
    monkeypatch.setattr("reconstructor.decoders.conversion.MAX_IMAGE_BYTES", most_bytes)
    smaller = inspection.inspect(content, PIXELS).readable
    assert smaller is not None
    assert len(smaller.content) <= most_bytes
    assert Image.open(io.BytesIO(smaller.content)).size == (160, 120)


@pytest.mark.parametrize("content", [photograph(1), b"\0\0\0\x18ftypheic" + bytes(40), b""])
def test_what_needs_no_copy_or_does_not_decode_is_read_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.heic").write_bytes(content)
    assert readable_path(tmp_path / "a.heic", tmp_path / "out") == tmp_path / "a.heic"


@needs_heic
def test_a_heic_with_too_many_pixels_is_refused_before_one_is_made() -> None:
    with pytest.raises(ImageTooLargeError, match="above the limit of 1000 for HEIF"):
        inspection.inspect(heic(1), PixelLimits(reduced=10_000, full=1000, side_px=4096))


@needs_heic
def test_a_long_exif_is_left_out_of_the_copy() -> None:
    exif = Image.Exif()
    exif[Base.ImageDescription] = "x" * 80_000
    found = inspection.inspect(heic(Image.new("RGB", (80, 60)), exif=exif.tobytes()), PIXELS)
    assert found.readable is not None
    assert Image.open(io.BytesIO(found.readable.content)).size == (80, 60)


def test_without_the_reader_heic_is_refused_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("reconstructor.decoders.inspection", "broker.images.opening"):
        monkeypatch.setattr(f"{module}.can_read_heic", lambda: False)
    with pytest.raises(NotAnImageError, match=r"HEIC.*setup\.sh server heic"):
        inspection.inspect(b"\0\0\0\x18ftypheic" + bytes(40), PIXELS)
