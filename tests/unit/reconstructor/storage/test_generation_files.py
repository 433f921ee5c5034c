from pathlib import Path

from reconstructor.storage.generation_files import GenerationFiles


def test_clearing_an_old_generation_leaves_one_that_is_being_written(tmp_path: Path) -> None:
    """A refetch writes its files before any row names them, and the grace time of the last one ends when it wants."""
    files = GenerationFiles(folder=tmp_path)
    for name in ("000045", "000046", "000047"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "000000.ply").write_bytes(b"ply")
    files.remove(45)
    files.remove(45)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000046", "000047"]
    files.keep_only({46})
    assert [path.name for path in tmp_path.iterdir()] == ["000046"]
