"""A moved project is whole, is in one place, and keeps its store's id; one that cannot be moved stays."""

import shutil
from pathlib import Path

import pytest

from reconstructor.lifecycle.moving import Move
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.interrupted import interrupted
from reconstructor.storage.lock import StoreInUseError
from reconstructor.storage.store import Store
from tests.unit.reconstructor.lifecycle.backups import CHAPEL, project_in, replace_version
from tests.unit.reconstructor.storage.new_images import new_image


def files_in(folder: Path) -> dict[str, bytes]:
    paths = (
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(("store.sqlite", "lock"))
    )
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_last_pass_takes_what_changed_and_what_is_gone(tmp_path: Path) -> None:
    store, other = project_in(tmp_path / "data"), tmp_path / "other"
    other.mkdir()
    kept, gone = store.black_box_folder / "kept", store.black_box_folder / "gone"
    kept.write_bytes(b"old")
    gone.write_bytes(b"old")
    replace_version(store)
    copies = store.references.earlier.shards(1)
    notes = store.annotations.all()
    move = Move(source=store.folder, data_dir=other)
    move.copy()
    kept.write_bytes(b"newer")
    gone.unlink()
    store.add_image(new_image(b"the fourth", 3), b"the fourth")
    store_id, folder = store.identity.store_id, store.folder
    counts = store.counts()
    store.close()
    wanted = files_in(folder)

    move.finish()

    assert files_in(other / CHAPEL) == wanted
    assert [path.name for path in other.iterdir()] == [CHAPEL]
    assert not list((tmp_path / "data").iterdir())
    moved = Store(other / CHAPEL, refetch_every=3)
    assert (moved.identity.store_id, moved.counts()) == (store_id, counts)
    assert (moved.references.earlier.shards(1), moved.annotations.all()) == (copies, notes)
    assert (len(copies), len(notes)) == (1, 1)
    moved.close()


def test_a_project_that_is_served_stays(tmp_path: Path) -> None:
    store, other = project_in(tmp_path / "data"), tmp_path / "other"
    other.mkdir()
    move = Move(source=store.folder, data_dir=other)
    move.copy()
    with pytest.raises(StoreInUseError):
        move.finish()
    move.give_up()
    store.close()
    assert not list(other.iterdir())
    assert store.folder.exists()


def test_a_project_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    store, other = project_in(tmp_path / "data"), tmp_path / "other"
    store.close()
    (other / CHAPEL).mkdir(parents=True)
    with pytest.raises(StoreError, match="has a project of this name"):
        Move(source=store.folder, data_dir=other)


def test_an_engines_copy_is_not_moved_and_the_old_folder_says_where_the_project_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = project_in(tmp_path / "data"), tmp_path / "other"
    other.mkdir()
    (store.folder / ".reopened-x" / "steps").mkdir(parents=True)
    (store.folder / ".reopened-x" / "steps" / "000001.json").touch()
    store.close()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # the command is killed before it removes the old one
    Move(source=store.folder, data_dir=other).finish()
    assert not (other / CHAPEL / ".reopened-x").exists()
    (left,) = (tmp_path / "data").iterdir()
    another = Store(tmp_path / "data" / "abbey", refetch_every=3)
    assert [path for path, _ in interrupted(another.folder)] == [left]
    another.close()
