"""A black box may write over its own files while they are backed up."""

import tarfile
from pathlib import Path

import pytest

from reconstructor.lifecycle import backup as backing_up
from reconstructor.lifecycle.backup import write_backup
from reconstructor.lifecycle.restoring import check_backup
from tests.unit.reconstructor.lifecycle.backups import CHAPEL, project_in


@pytest.mark.parametrize("later", [b"of image 2", b"short", b"of image 2, which is longer"])
def test_a_file_that_changes_is_in_the_backup_as_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: bytes
) -> None:
    store, listing_of = project_in(tmp_path / "data"), backing_up._listing_of
    answer = store.black_box_folder / "answer" / "points.ply"
    answer.parent.mkdir()
    answer.write_bytes(b"of image 1")

    def list_and_write_over(*given: object) -> object:
        listing = listing_of(*given)  # type: ignore[arg-type]
        answer.write_bytes(later)
        return listing

    monkeypatch.setattr(backing_up, "_listing_of", list_and_write_over)
    made = write_backup(store.folder, CHAPEL, tmp_path / "busy.cairn")
    store.close()
    assert check_backup(made.file).project == CHAPEL
    with tarfile.open(made.file) as tar:
        content = tar.extractfile("black_box/answer/points.ply")
        assert content is not None
        assert content.read() == later
