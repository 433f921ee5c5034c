"""The lists of projects in cairn.toml: changed in place, of the right system, and never empty."""

import threading
import time
from pathlib import Path

import pytest

from broker.config import BadSettingsError
from broker.ids import ProjectId
from broker.projects.project_list import ProjectList

CHAPEL, CASTLE = ProjectId("chapel"), ProjectId("castle")
SETTINGS = """\
# the porter's rule
[broker]
data_dir = "{data}"

[reconstructor]
projects = ["chapel"]  # the oldest
broker = {{username = "reconstructor"}}

[viewer]
projects = ["chapel"]

[viewer.broker]
username = "page"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings in use."""
    path = tmp_path / "cairn.toml"
    path.write_text(SETTINGS.format(data=tmp_path / "data"))
    monkeypatch.setenv("CAIRN_SETTINGS", str(path))
    return path


def test_a_project_comes_and_goes_and_everything_else_stays(file: Path) -> None:
    text = file.read_text()
    served = ProjectList.read(file)
    for _ in range(2):
        served.add(CASTLE)
        served.write()
    assert file.read_text() == text.replace('["chapel"]', '["chapel", "castle"]')
    assert served.has(CASTLE)
    served.remove(CASTLE, ["reconstructor"])
    assert (served.has(CASTLE), served.programs_of(CASTLE)) == (False, ("viewer",))
    served.remove(CASTLE)
    served.write()
    assert file.read_text() == text


def test_the_last_project_stays(file: Path) -> None:
    with pytest.raises(BadSettingsError, match="the only project"):
        ProjectList.read(file).remove(CHAPEL)


def test_the_accounts_that_serve_are_those_of_the_settings(file: Path) -> None:
    assert ProjectList.read(file).accounts == ("reconstructor", "page")


def test_only_the_system_of_this_broker_is_meant(file: Path, tmp_path: Path) -> None:
    found = ProjectList.of_broker(tmp_path / "data")
    assert found is not None
    assert found.file == file
    assert ProjectList.of_broker(tmp_path / "other") is None


def test_without_settings_there_is_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAIRN_SETTINGS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert ProjectList.of_broker(tmp_path / "data") is None


def test_who_may_read_the_file_stays(file: Path) -> None:
    file.chmod(0o640)
    ProjectList.read(file).write()
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_table_without_projects_gets_them(tmp_path: Path) -> None:
    served = ProjectList.read(tmp_path / "cairn.toml")
    assert not served.has(CHAPEL)
    served.document.update({"viewer": {"port": 8080}})
    served.add(CHAPEL)
    served.write()
    assert (tmp_path / "cairn.toml").read_text() == '[viewer]\nport = 8080\nprojects = ["chapel"]\n'


def test_changes_at_the_same_time_are_all_kept(file: Path) -> None:
    def add(number: int) -> None:
        with ProjectList.changing(file) as served:
            time.sleep(0.02)
            served.add(ProjectId(f"tower-{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ProjectList.read(file).has(ProjectId(f"tower-{number}")) for number in range(6))


def test_a_change_that_fails_is_not_written(file: Path) -> None:
    before = file.read_text()
    with pytest.raises(BadSettingsError, match="only project"), ProjectList.changing(file) as served:
        served.remove(CHAPEL)
    assert file.read_text() == before
