"""A cut file is recognised by its structure alone."""

import io

import pytest
from PIL import Image

from broker.images.wholeness import has_end_mark, is_whole


def encoded(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image = Image.effect_noise((160, 120), 80).convert("RGB")
    image.save(out, kind, **options)
    return out.getvalue()


WHOLE = {
    "baseline": encoded("JPEG"),
    "progressive": encoded("JPEG", progressive=True),
    "with a thumbnail": encoded("JPEG", exif=b"Exif\0\0II*\0" + encoded("JPEG")[:400]),
    "two images": encoded("MPO", save_all=True, append_images=[Image.new("RGB", (80, 60))]),
    "png": encoded("PNG"),
    "webp": encoded("WEBP"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_whole_also_with_something_behind_it(name: str) -> None:
    assert is_whole(WHOLE[name])
    assert is_whole(WHOLE[name] + b"maker\xff\xd8notes")


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "two images"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.9999])
def test_a_file_that_was_cut_is_not_whole(name: str, share: float) -> None:
    assert not is_whole(WHOLE[name][: max(12, int(share * len(WHOLE[name])))])


def test_the_first_of_two_images_is_what_counts() -> None:
    both = WHOLE["two images"]
    assert is_whole(both[:-20])
    assert not is_whole(both[: len(both) // 3])


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "two images"])
def test_a_file_whose_last_bytes_are_its_end_has_an_end_mark(name: str) -> None:
    assert has_end_mark(WHOLE[name])
    assert not has_end_mark(WHOLE[name][:-1])
    assert not has_end_mark(WHOLE[name] + b"\0")


def test_an_end_mark_in_the_middle_of_a_jpeg_is_none() -> None:
    cut_inside_exif = WHOLE["with a thumbnail"][:300] + b"\xff\xd9"
    assert not has_end_mark(cut_inside_exif)


def test_a_format_without_an_end_mark_has_none() -> None:
    assert not has_end_mark(b"II*\0")
    assert not has_end_mark(b"")


def test_another_format_only_needs_bytes() -> None:
    assert is_whole(b"II*\0")
    assert not is_whole(b"")
