"""The golden EXIF of previews, which the page's vitest writes byte for byte: rig and page tell the same facts."""

import base64
import io
import json
import struct
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from broker.images.previews import preview

GOLDEN: Final = Path(__file__).parents[3] / "golden" / "exif.json"
SIZE_PX: Final = (48, 32)
REDUCED_PX: Final = (24, 16)


def facts(endian: str, *, is_original: bool) -> Image.Exif:
    """EXIF as a camera writes it, or what a preview keeps of that."""
    exif = Image.Exif()
    exif.endian = endian
    exif.update({Base.Make: "Acme", Base.Model: "Field camera 7", Base.Orientation: 6})
    details: dict[int, Any] = {
        Base.ExposureTime: IFDRational(1, 250),
        Base.DateTimeOriginal: "2026:06:01 10:20:30",
        Base.FocalLength: IFDRational(35, 10),
        Base.ExifImageWidth: SIZE_PX[0],
        Base.ExifImageHeight: SIZE_PX[1],
        Base.SubsecTimeOriginal: "123",
        Base.BodySerialNumber: "SN-1234567",
    }
    if is_original:
        exif[Base.XPTitle] = b"t" * 1025
        details |= {Base.MakerNote: b"m" * 1025, Base.UserComment: b"u" * 9}
    exif.get_ifd(IFD.Exif).update(details)
    exif.get_ifd(IFD.GPSInfo).update(
        {
            GPS.GPSLatitudeRef: "N",
            GPS.GPSLatitude: (IFDRational(48, 1), IFDRational(8, 1), IFDRational(1234, 100)),
            GPS.GPSAltitude: IFDRational(5197, 10),
        }
    )
    return exif


def with_thumbnail(exif: Image.Exif) -> bytes:
    """The same EXIF with a second directory for a thumbnail, as cameras write it."""
    whole, order = exif.tobytes(), "<" if exif.endian == "<" else ">"
    tiff = bytearray(whole[6:])
    (count,) = struct.unpack_from(f"{order}H", tiff, 8)
    struct.pack_into(f"{order}I", tiff, 10 + 12 * count, len(tiff))
    picture = b"\xff\xd8 a small picture \xff\xd9"
    begin = len(tiff) + 2 + 2 * 12 + 4
    tiff += struct.pack(f"{order}HHHIIHHIII", 2, 0x201, 4, 1, begin, 0x202, 4, 1, len(picture), 0) + picture
    return whole[:6] + bytes(tiff)


def encoded(size: tuple[int, int], image_format: str, exif: bytes | None) -> bytes:
    out, options = io.BytesIO(), {} if exif is None else {"exif": exif}
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, image_format, **options)
    return out.getvalue()


def golden() -> dict[str, Any]:
    """Originals of each format, and what Pillow makes of their previews in both formats; bytes in base64."""
    only_size = Image.Exif()
    only_size.get_ifd(IFD.Exif).update({Base.ExifImageWidth: SIZE_PX[0], Base.ExifImageHeight: SIZE_PX[1]})
    cases = []
    for original_format, endian in [("JPEG", "<"), ("JPEG", ">"), ("WEBP", "<"), ("PNG", ">"), ("JPEG", "")]:
        before = with_thumbnail(facts(endian, is_original=True)) if endian else None
        after = (facts(endian, is_original=False) if endian else only_size).tobytes()
        case = {
            "original_type": f"image/{original_format.lower()}",
            "original": _text(encoded(SIZE_PX, original_format, before)),
            "tiff": _text(after.removeprefix(b"Exif\0\0")),
            "previews": {f"image/{name.lower()}": _text(encoded(REDUCED_PX, name, after)) for name in ("JPEG", "WEBP")},
        }
        cases.append(case)
    plain = {f"image/{name.lower()}": _text(encoded(REDUCED_PX, name, None)) for name in ("JPEG", "WEBP")}
    return {"previews_without_exif": plain, "cases": cases}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


CASES: Final[list[dict[str, Any]]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]


def test_golden_exif_is_what_pillow_writes() -> None:
    assert [case["tiff"] for case in CASES] == [case["tiff"] for case in golden()["cases"]]


@pytest.mark.parametrize("name", ["image/jpeg", "image/webp"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["original_type"])
def test_golden_preview_tells_its_original(case: dict[str, Any], name: str) -> None:
    with Image.open(io.BytesIO(base64.b64decode(case["previews"][name]))) as preview:
        preview.load()
        exif = preview.getexif()
        details = exif.get_ifd(IFD.Exif)
        assert preview.size == REDUCED_PX
    assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == SIZE_PX
    with Image.open(io.BytesIO(base64.b64decode(case["original"]))) as original:
        assert original.size == SIZE_PX
        assert exif.get(Base.Orientation) == original.getexif().get(Base.Orientation)
        assert details.get(Base.FocalLength) == original.getexif().get_ifd(IFD.Exif).get(Base.FocalLength)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["original_type"])
def test_a_rig_tells_the_same_facts_as_the_page(case: dict[str, Any]) -> None:
    made = preview(base64.b64decode(case["original"]), max(REDUCED_PX))
    assert made is not None
    assert all_facts(made.content) == all_facts(base64.b64decode(case["previews"]["image/webp"]))


def all_facts(content: bytes) -> dict[int, Any]:
    with Image.open(io.BytesIO(content)) as image:
        exif = image.getexif()
        return dict(exif) | {name: dict(exif.get_ifd(name)) for name in (IFD.Exif, IFD.GPSInfo)}
