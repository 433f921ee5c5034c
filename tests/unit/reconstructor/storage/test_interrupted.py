"""What killed commands left goes, and the only copy of a photograph never does."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconstructor.storage.interrupted import DELETED, MOVED, MOVING, REOPENED, RESTORE, interrupted, note_target
from reconstructor.storage.leftovers import leftovers
from reconstructor.storage.store import Store
from tests.unit.reconstructor.storage.new_images import add

NOW_S = 2_000_000_000.0
DAY_S = 86_400.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project with a photograph."""
    store = Store(tmp_path / "data" / "abbey", refetch_every=10)
    add(store, 1)
    yield store.folder
    store.close()


@pytest.fixture
def put_away(folder: Path) -> Path:
    """Another project with two photographs, in the folder of one that was moved away."""
    store = Store(folder.parent / "chapel", refetch_every=10)
    add(store, 2)
    store.close()
    return store.folder.rename(folder.parent / f"{MOVED}chapel-0123abcd")


def named(folder: Path) -> list[str]:
    return [path.name for path, _ in interrupted(folder)]


def test_folders_of_killed_commands_are_found_after_a_day(folder: Path) -> None:
    places = [folder.parent / f"{each}x" for each in (RESTORE, MOVING, DELETED)]
    for place in (*places, folder / f"{REOPENED}x"):
        (place / "images").mkdir(parents=True)
    assert named(folder) == [f"{RESTORE}x", f"{MOVING}x", f"{DELETED}x", f"{REOPENED}x"]
    for age_s, count in ((DAY_S - 60, 0), (DAY_S + 60, 4)):
        for place in (*places, folder / f"{REOPENED}x"):
            os.utime(place, (NOW_S - age_s, NOW_S - age_s))
        assert len(leftovers(folder, older_than_s=0, now_s=NOW_S)) == count


def test_a_copy_that_became_complete_stays(folder: Path, put_away: Path) -> None:
    put_away.rename(folder.parent / f"{MOVING}chapel-0123abcd")  # killed between the two renames of a move
    assert named(folder) == []


def test_a_moved_project_goes_only_while_it_has_every_photograph_elsewhere(
    folder: Path, put_away: Path, tmp_path: Path
) -> None:
    assert named(folder) == []  # nothing says where it is
    target = tmp_path / "south" / "chapel"
    note_target(put_away, target)
    assert named(folder) == []  # there is no project
    shutil.copytree(put_away, target)
    assert named(folder) == [put_away.name]
    photograph = next((target / "images").glob("*.jpg"))
    photograph.write_bytes(photograph.read_bytes()[:-1])
    assert named(folder) == []
    photograph.unlink()
    assert named(folder) == []


def test_a_folder_does_not_stand_for_itself(folder: Path, put_away: Path) -> None:
    note_target(put_away, put_away)
    assert named(folder) == []
