"""A project leaves the lists only for something that can succeed, and comes back when it does not."""

import errno
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from admin.projects import serving
from admin.projects.cli import app
from admin.projects.serving import Place, check_list, list_above
from broker.config import BadSettingsError
from broker.ids import ProjectId
from broker.projects import settings_document
from broker.projects.project_list import ProjectList
from reconstructor.config import Settings
from reconstructor.lifecycle import restoring
from reconstructor.lifecycle.listing import BadBackupError
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.interrupted import DELETED
from reconstructor.storage.lock import StoreInUseError
from reconstructor.storage.store import Store
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
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A system with a project that is listed."""
    monkeypatch.setenv("CAIRN_SETTINGS", "")  # the command sets it
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


@pytest.mark.parametrize("programs", [("reconstructor", "viewer"), ("reconstructor",)])
async def test_a_project_that_no_service_lets_go_is_listed_again_where_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...]
) -> None:
    assert place.list_file is not None
    listed = ProjectList.read(place.list_file)
    listed.remove(CHAPEL, {"viewer"} - set(programs))
    listed.write()
    monkeypatch.setattr(serving, "LET_GO_S", 0.0)
    store = Store(place.folder(CHAPEL), refetch_every=3)  # a service that reads another list
    with pytest.raises(StoreInUseError), place.listed_again(CHAPEL):
        await place.stop_serving(CHAPEL)
    store.close()
    assert ProjectList.read(place.list_file).programs_of(CHAPEL) == programs


async def test_a_project_that_was_removed_is_not_listed_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def cleared(*_: object) -> int:
        assert names_in(place.settings.data_dir)[0].startswith(DELETED)  # no service may take the project up meanwhile
        raise KeyboardInterrupt

    assert place.list_file is not None
    monkeypatch.setattr(serving, "clear_retained", cleared)
    await place.stop_serving(CHAPEL)
    with pytest.raises(KeyboardInterrupt), place.listed_again(CHAPEL):
        await place.remove(CHAPEL)
    assert names_in(place.settings.data_dir) == []
    assert ProjectList.read(place.list_file).programs_of(CHAPEL) == ()


def archived(place: Place, out: Path) -> Result:
    return CliRunner().invoke(app, ["archive", CHAPEL, str(out), "--folder", str(place.settings.data_dir.parents[1])])


@pytest.mark.parametrize("out", ["there.cairn", "nowhere/there.cairn"])
def test_an_archive_that_cannot_be_written_leaves_the_project_served(place: Place, tmp_path: Path, out: str) -> None:
    assert place.list_file is not None
    (tmp_path / "there.cairn").touch()
    before = place.list_file.read_bytes()
    done = archived(place, tmp_path / out)
    assert isinstance(done.exception, StoreError)
    assert place.list_file.read_bytes() == before


@pytest.mark.parametrize("failure", [BadBackupError("it is damaged"), KeyboardInterrupt()])
def test_a_project_whose_archive_fails_is_listed_again(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def check_backup(_: Path) -> None:
        assert place.list_file is not None
        assert ProjectList.read(place.list_file).programs_of(CHAPEL) == ()
        raise failure

    assert place.list_file is not None
    monkeypatch.setattr(restoring, "check_backup", check_backup)
    assert archived(place, tmp_path / "chapel.cairn").exit_code != 0
    assert place.folder(CHAPEL).is_dir()
    assert ProjectList.read(place.list_file).has(CHAPEL)
