"""A project leaves the lists only for something that can succeed, and comes back when it does not."""

import errno
from pathlib import Path

import pytest

from admin.projects.serving import Place, check_list, list_above
from broker.config import BadSettingsError
from broker.ids import ProjectId
from broker.projects import settings_document
from broker.projects.project_list import ProjectList
from reconstructor.config import Settings
from tests.unit.reconstructor.lifecycle.backups import CHAPEL, project_in

OTHER = ProjectId("abbey")


def settings_in(folder: Path, data_dir: str = "data/reconstructor", *, tables: str = "") -> Path:
    """A cairn.toml whose reconstructor has this data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "cairn.toml"
    file.write_text(
        f'[reconstructor]\nprojects = ["{CHAPEL}", "{OTHER}"]\ndata_dir = "{data_dir}"\n{tables}', encoding="utf-8"
    )
    return file


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A system with a project that is listed."""
    file = settings_in(tmp_path / "north", tables=f'[viewer]\nprojects = ["{CHAPEL}", "{OTHER}"]\n')
    data_dir = tmp_path / "north" / "data" / "reconstructor"
    project_in(data_dir).close()
    return Place(settings=Settings(data_dir=data_dir, projects=(CHAPEL, OTHER)), list_file=file)


@pytest.fixture
def south(tmp_path: Path) -> Path:
    """The data folder of another service."""
    folder = tmp_path / "south" / "data" / "reconstructor"
    folder.mkdir(parents=True)
    return folder


async def test_a_move_names_a_settings_file_that_is_there_before_anything_is_copied(place: Place, south: Path) -> None:
    typo = south / "cairn.tomk"
    with pytest.raises(BadSettingsError, match=r"there is no .*cairn\.tomk: name the cairn\.toml of the service that"):
        await place.move(CHAPEL, south, typo)
    assert place.folder(CHAPEL).is_dir()
    assert place.list_file is not None
    assert ProjectList.read(place.list_file).has(CHAPEL)
    assert names_in(south) == []


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_the_other_list_is_that_of_the_reconstructor_with_the_folder(tmp_path: Path, south: Path) -> None:
    for data_dir in ("data/reconstructor", str(south), "/srv/far/reconstructor"):  # the last: of a mounted machine
        check_list(settings_in(tmp_path / "south", data_dir), south)
    with pytest.raises(BadSettingsError, match=r"of .*cairn.toml has .*/south, not .*reconstructor"):
        check_list(settings_in(tmp_path / "south", str(tmp_path / "south")), south)
    page = tmp_path / "page.toml"
    page.write_text("[viewer]\n", encoding="utf-8")
    with pytest.raises(BadSettingsError, match=r"page.toml has no table \[reconstructor\]"):
        check_list(page, south)


def test_a_list_that_cannot_be_written_is_found_before_the_move(
    tmp_path: Path, south: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_bytes(path: Path, _payload: bytes, _mode: int) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    file = settings_in(tmp_path / "south")
    monkeypatch.setattr(settings_document, "write_bytes", write_bytes)  # root may write everywhere
    with pytest.raises(BadSettingsError, match="cannot write"):
        check_list(file, south)


def test_the_settings_above_a_data_folder_are_found_also_without_its_name(tmp_path: Path, south: Path) -> None:
    file = settings_in(tmp_path / "south")
    assert list_above(south) == file
    file.write_text("[reconstructor]\n", encoding="utf-8")  # data/reconstructor is the default
    assert list_above(south) == file
    file.unlink()
    with pytest.raises(BadSettingsError, match="--settings"):
        list_above(south)
