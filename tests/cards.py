"""Cards as cameras fill them: folders of JPEG, HEIC and raw files, some of them spoiled."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from broker.images.opening import can_read_heic, open_image
from tests.photographs import photograph

needs_heic = pytest.mark.skipif(not can_read_heic(), reason="pillow-heif is not installed: deploy/setup.sh dev")


def heic(image: Image.Image | int, **options: Any) -> bytes:
    """A HEIC file of an image, or of a noisy one of this seed."""
    noise = open_image(photograph(image if isinstance(image, int) else 0))  # it makes HEIC known to Pillow, too
    picture = noise if isinstance(image, int) else image
    out = io.BytesIO()
    picture.save(out, "HEIF", **options)
    return out.getvalue()


def dng(seed: int) -> bytes:
    """A raw file as converters write it: a small picture, and the tag with the version of DNG."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254], tags[50706] = 1, b"\1\4\0\0"
    out = io.BytesIO()
    Image.new("RGB", (16, 12), (seed, 0, 0)).save(out, "TIFF", tiffinfo=tags)
    return out.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What lies on a card.

    Attributes:
        taken: path below the card and bytes of what is to be taken, in order.
        left_out: a word of the reason why a file is left out, by its path below the card.
    """

    folder: Path
    taken: tuple[tuple[str, bytes], ...]
    left_out: dict[str, str]


def write_card(folder: Path) -> Card:
    """Write 3 folders with 40 JPEGs, one of them empty and one cut, 5 HEIC and 3 DNG files; each folder has an IMG_7.JPG."""
    files: dict[str, bytes] = {}
    for number, (name, count) in enumerate((("99MEDIA", 14), ("100CANON", 13), ("101CANON", 13))):
        files |= {f"DCIM/{name}/IMG_{each}.JPG": photograph(20 * number + each) for each in range(7, 7 + count)}
    files["DCIM/99MEDIA/IMG_7.JPG"] = b""
    files["DCIM/100CANON/IMG_9.JPG"] = files["DCIM/100CANON/IMG_9.JPG"][:-40]
    left_out = {"DCIM/99MEDIA/IMG_7.JPG": "no bytes", "DCIM/100CANON/IMG_9.JPG": "cut"}
    for each in range(3):
        files[f"DCIM/101CANON/RAW_{each}.DNG"] = dng(each)
        left_out[f"DCIM/101CANON/RAW_{each}.DNG"] = "raw"
    for each in range(5):
        name = f"DCIM/100CANON/IMG_{each + 1}.HEIC"
        files[name] = heic(each) if can_read_heic() else b"\0\0\0\x18ftypheic" + bytes([each])
        if not can_read_heic():
            left_out[name] = "HEIC"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    taken = tuple((name, content) for name, content in files.items() if name not in left_out)
    by_folder = {"99MEDIA": 0, "100CANON": 1, "101CANON": 2}
    taken = tuple(sorted(taken, key=lambda each: (by_folder[each[0].split("/")[1]], _number(each[0]))))
    return Card(folder=folder, taken=taken, left_out=left_out)


def check_named(card: Card, said: str) -> None:
    """Each file that is left out is named in one line, with its reason, and no other."""
    lines = [line for line in said.splitlines() if line.startswith("left out ")]
    assert len(lines) == len(card.left_out)
    for name, word in card.left_out.items():
        (line,) = (each for each in lines if name in each)
        assert word in line


def _number(name: str) -> int:
    return int("".join(sign for sign in name.rpartition("/")[2] if sign.isdigit()))
