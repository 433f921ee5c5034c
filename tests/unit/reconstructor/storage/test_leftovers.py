"""What may go of a project's folder: what nothing names and what is old enough, and never a photograph."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconstructor.storage.leftovers import YOUNGEST_S, leftovers, remove
from reconstructor.storage.store import Store
from tests.unit.reconstructor.publishing.entries import entry, reference_of
from tests.unit.reconstructor.storage.new_images import add

NOW_S = 2_000_000_000.0
DAY_S = 86_400.0


def left(path: Path, size_bytes: int = 100, age_s: float = 2 * DAY_S) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size_bytes))
    for each in (path, path.parent) if path.parent.name.isdecimal() or path.parent.name.startswith(".") else (path,):
        os.utime(each, (NOW_S - age_s, NOW_S - age_s))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project with one photograph and generation 1."""
    store = Store(tmp_path / "chapel", refetch_every=10)
    add(store, 1)
    with store._database.transaction():
        store.references.record(reference_of([entry(0)]))
    yield store.folder
    store.close()


def found(folder: Path, days: float = 0.0) -> dict[str, str]:
    return {
        str(each.path.relative_to(folder.parent)): each.what
        for each in leftovers(folder, older_than_s=days * DAY_S, now_s=NOW_S)
    }


def test_everything_that_nothing_needs_is_found_and_removed_and_photographs_stay(folder: Path) -> None:
    photographs = {path: path.read_bytes() for path in (folder / "images").iterdir()}
    left(folder / "generations/000001/000000.ply")  # named by the database
    left(folder / "generations/000007/000000.ply", 4000)
    left(folder / "merged-7-3.ply")
    left(folder / "store-before-migration-from-2.sqlite")
    left(folder / "merged-8-0.ply.tmp")
    left(folder.parent / ".backup-x1" / "store.sqlite", age_s=2 * DAY_S)
    left(folder / "images" / "strange.tmp")
    assert found(folder) == {
        "chapel/generations/000007": "an older version of the cloud",
        "chapel/merged-7-3.ply": "an older cloud in one file",
        "chapel/store-before-migration-from-2.sqlite": "the database before a migration",
        "chapel/merged-8-0.ply.tmp": "an unfinished file",
        ".backup-x1": "an unfinished backup",
    }
    freed = remove(leftovers(folder, older_than_s=0, now_s=NOW_S))
    assert freed == 4000 + 4 * 100
    assert found(folder) == {}
    assert (folder / "generations/000001/000000.ply").exists()
    assert (folder / "images/strange.tmp").exists()
    assert {path: path.read_bytes() for path in photographs} == photographs
    Store.read_only(folder).images_by_state()


@pytest.mark.parametrize(
    ("age_s", "days", "is_found"),
    [(2 * DAY_S, 1, True), (2 * DAY_S, 3, False), (YOUNGEST_S - 1, 0, False), (YOUNGEST_S + 1, 0, True)],
)
def test_only_what_is_old_enough_goes(folder: Path, age_s: float, days: float, is_found: bool) -> None:
    left(folder / "merged-7-3.ply", age_s=age_s)
    assert bool(found(folder, days)) is is_found


def test_the_stage_of_a_backup_that_may_be_running_stays_for_a_day(folder: Path) -> None:
    left(folder.parent / ".backup-x1" / "store.sqlite", age_s=DAY_S - 60)
    assert found(folder) == {}


def test_what_cannot_be_removed_keeps_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path == stubborn:
            raise PermissionError
        unlinked(path, missing_ok=missing_ok)

    unlinked = Path.unlink
    stubborn, other = left(folder / "merged-7-3.ply"), left(folder / "merged-7-4.ply")
    monkeypatch.setattr(Path, "unlink", unlink)
    assert remove(leftovers(folder, older_than_s=0, now_s=NOW_S)) == 100
    assert (stubborn.exists(), other.exists()) == (True, False)
