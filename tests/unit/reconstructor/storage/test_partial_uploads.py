"""Pieces in any order, twice, overlapping, torn: the image comes out whole or is asked for again."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.ids import ImageId, ProjectId, SenderId
from broker.messages import ByteRange, UploadBegin
from broker.shards import sha256
from reconstructor.storage.partial_uploads import (
    MOST_OPEN,
    BadPieceError,
    PartialUploads,
    TornUploadError,
    missing_ranges,
)
from tests.photographs import image_id

RIG = SenderId("rig-north")
CONTENT = bytes(range(256)) * 40


def begin(content: bytes = CONTENT, sequence: int = 1) -> UploadBegin:
    return UploadBegin(
        project=ProjectId("chapel"),
        image_id=image_id(content, sequence),
        content_type="image/jpeg",
        size_bytes=len(content),
        piece_bytes=1000,
        sha256=sha256(content),
    )


ID: ImageId = begin().image_id


@pytest.fixture
def partial_uploads(tmp_path: Path) -> PartialUploads:
    return PartialUploads(folder=tmp_path)


def as_pairs(ranges: tuple[ByteRange, ...]) -> list[tuple[int, int]]:
    return [(each.begin, each.end) for each in ranges]


def test_pieces_in_any_order_twice_and_overlapping_make_the_image(partial_uploads: PartialUploads) -> None:
    assert as_pairs(partial_uploads.open(RIG, begin())) == [(0, len(CONTENT))]
    for offset, length in ((9000, 1240), (0, 4000), (3000, 4000), (0, 4000), (6500, 2500)):
        assert partial_uploads.put(RIG, ID, offset, CONTENT[offset : offset + length])
    assert partial_uploads.missing(RIG, ID) == ()
    assert partial_uploads.whole(RIG, ID) == CONTENT


def test_what_was_received_before_a_restart_is_not_asked_for_again(tmp_path: Path) -> None:
    first = PartialUploads(folder=tmp_path)
    first.open(RIG, begin())
    first.put(RIG, ID, 2000, CONTENT[2000:5000])
    assert as_pairs(PartialUploads(folder=tmp_path).open(RIG, begin())) == [(0, 2000), (5000, len(CONTENT))]


def test_a_torn_piece_is_noticed_and_everything_is_asked_for_again(
    partial_uploads: PartialUploads, tmp_path: Path
) -> None:
    partial_uploads.open(RIG, begin())
    partial_uploads.put(RIG, ID, 0, CONTENT)
    (tmp_path / f"{RIG}.{ID}" / "0000000000").write_bytes(bytes(len(CONTENT)))
    with pytest.raises(TornUploadError):
        partial_uploads.whole(RIG, ID)
    assert as_pairs(partial_uploads.missing(RIG, ID)) == [(0, len(CONTENT))]


def test_a_torn_announcement_begins_again(partial_uploads: PartialUploads, tmp_path: Path) -> None:
    partial_uploads.open(RIG, begin())
    partial_uploads.put(RIG, ID, 0, CONTENT)
    (tmp_path / f"{RIG}.{ID}" / "begin.json").write_bytes(b"")
    assert not partial_uploads.put(RIG, ID, 0, CONTENT)
    assert as_pairs(partial_uploads.open(RIG, begin())) == [(0, len(CONTENT))]


@pytest.mark.parametrize(("offset", "piece"), [(0, b""), (0, CONTENT + b"x"), (len(CONTENT), b"x"), (10**9, b"x")])
def test_a_piece_beyond_the_image_is_refused(partial_uploads: PartialUploads, offset: int, piece: bytes) -> None:
    partial_uploads.open(RIG, begin())
    with pytest.raises(BadPieceError):
        partial_uploads.put(RIG, ID, offset, piece)


def test_a_piece_of_an_image_that_nobody_announced_is_not_kept(partial_uploads: PartialUploads, tmp_path: Path) -> None:
    assert not partial_uploads.put(RIG, ID, 0, CONTENT)
    assert list(tmp_path.iterdir()) == []


def test_one_sender_cannot_leave_any_number_of_images_unfinished(
    partial_uploads: PartialUploads, tmp_path: Path
) -> None:
    partial_uploads.open(SenderId("anna"), begin())
    for number in range(MOST_OPEN + 3):
        partial_uploads.open(RIG, begin(f"image {number}".encode(), number))
    assert len(list(tmp_path.glob(f"{RIG}.*"))) == MOST_OPEN
    assert len(list(tmp_path.glob("anna.*"))) == 1


def test_a_closed_image_leaves_nothing_behind(partial_uploads: PartialUploads, tmp_path: Path) -> None:
    partial_uploads.open(RIG, begin())
    partial_uploads.close(RIG, ID)
    partial_uploads.close(RIG, ID)
    assert list(tmp_path.iterdir()) == []


@given(
    size=st.integers(0, 60),
    held=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 20)), max_size=8),
)
def test_missing_and_held_together_are_the_whole_image(size: int, held: list[tuple[int, int]]) -> None:
    pieces = [(offset, length) for offset, length in held if offset + length <= size]
    covered = {byte for offset, length in pieces for byte in range(offset, offset + length)}
    gaps = as_pairs(missing_ranges(size, pieces))
    assert {byte for start, end in gaps for byte in range(start, end)} == set(range(size)) - covered
    assert all(start < end for start, end in gaps)
    assert gaps == sorted(gaps)


def test_an_upload_never_holds_more_than_twice_its_size(partial_uploads: PartialUploads, tmp_path: Path) -> None:
    """300 pieces at offsets 0, 1, 2, … held 301 MiB of a 2 MiB upload before."""
    content = bytes(2 * 1024 * 1024)
    name = begin(content).image_id
    partial_uploads.open(RIG, begin(content))
    for offset in range(300):
        with contextlib.suppress(BadPieceError):
            partial_uploads.put(RIG, name, offset, content[offset : offset + 1024 * 1024])
    with pytest.raises(BadPieceError, match="overlap"):
        partial_uploads.put(RIG, name, 1000, content[1000 : 1000 + 1024 * 1024 + 9])
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 2 * len(content) + 64 * 1024


def test_the_number_of_pieces_is_bounded(partial_uploads: PartialUploads) -> None:
    content = bytes(1024 * 1024)
    name = begin(content).image_id
    partial_uploads.open(RIG, begin(content))
    most = 16 + len(content) // 4096
    for number in range(most + 1):
        partial_uploads.put(RIG, name, 2 * number, b"x")
    with pytest.raises(BadPieceError, match="too many"):
        partial_uploads.put(RIG, name, 2 * most + 2, b"x")


def test_a_piece_of_which_nothing_is_missing_is_not_kept(partial_uploads: PartialUploads, tmp_path: Path) -> None:
    partial_uploads.open(RIG, begin())
    partial_uploads.put(RIG, ID, 0, CONTENT[:5000])
    before = sorted(tmp_path.rglob("*"))
    assert partial_uploads.put(RIG, ID, 1000, CONTENT[1000:3000])
    assert sorted(tmp_path.rglob("*")) == before
