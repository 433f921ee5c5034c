"""A file that is given up when the disk is full."""

from pathlib import Path

import pytest

from edge_agent.spool.ballast import SIZE_BYTES, Ballast

MUCH_BYTES = 100 * SIZE_BYTES


class FullError(Exception):
    """The disk is full."""


def test_it_takes_real_room_and_gives_it_up_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, FullError)
    ballast.keep(MUCH_BYTES)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_blocks * 512 >= SIZE_BYTES
    assert ballast.drop()
    assert list(tmp_path.iterdir()) == []
    assert not ballast.drop()


def test_it_is_not_written_where_there_is_hardly_room(tmp_path: Path) -> None:
    Ballast(tmp_path, FullError).keep(2 * SIZE_BYTES)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_is_no_error(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "gone", FullError)
    ballast.keep(MUCH_BYTES)
    assert not ballast.drop()


def test_a_change_that_finds_the_disk_full_is_made_in_its_room(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, FullError)
    ballast.keep(MUCH_BYTES)

    def change() -> str:
        if list(tmp_path.iterdir()):
            raise FullError
        return "noted"

    assert ballast.even_when_full(change) == "noted"


def test_without_it_a_full_disk_is_an_error_as_before(tmp_path: Path) -> None:
    def change() -> None:
        raise FullError

    with pytest.raises(FullError):
        Ballast(tmp_path, FullError).even_when_full(change)
