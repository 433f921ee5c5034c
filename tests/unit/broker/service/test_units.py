"""A unit names the folders that its program needs, also below home folders, and refuses what systemd would misread."""

from dataclasses import replace
from pathlib import Path

import pytest

from broker.service.units import BadServicePathError, Unit

UNIT = Unit(
    name="page",
    user="cairn-page",
    purpose="page server",
    words=("view", "serve"),
    settings_file=Path("/home/anna/chapel/cairn.toml"),
    writable=(Path("/home/anna/chapel/data/page"),),
    readable=(Path("/home/anna/photos"), Path("/srv/photos")),
    program=Path("/home/anna/cairn/.venv/bin/cairn"),
)


def test_only_what_is_needed_is_seen_of_home_folders() -> None:
    seen = {str(path) for path in UNIT.seen_in_homes() if path.is_relative_to("/home/anna")}
    assert seen == {"/home/anna/cairn/.venv", "/home/anna/chapel", "/home/anna/photos"}
    text = UNIT.render()
    assert "ProtectHome=tmpfs" in text
    assert "BindReadOnlyPaths=/home/anna/chapel\n" in text
    assert "BindPaths=/home/anna/chapel/data/page\n" in text
    assert "ExecStart=/home/anna/cairn/.venv/bin/cairn view serve\n" in text


def test_a_system_inside_its_checkout_is_seen_once() -> None:
    unit = replace(UNIT, settings_file=Path("/home/anna/cairn/cairn.toml"))
    assert [path for path in unit.seen_in_homes() if path.is_relative_to("/home/anna/cairn")] == [
        Path("/home/anna/cairn")
    ]


@pytest.mark.parametrize("folder", ["/srv/two words", "/srv/100%", "/srv/$HOME", "/srv/a:b", '/srv/"', "/srv/a\nb"])
def test_a_path_that_means_something_to_systemd_is_refused(folder: str) -> None:
    with pytest.raises(BadServicePathError, match="without blanks"):
        replace(UNIT, settings_file=Path(folder) / "cairn.toml").render()


def test_a_folder_that_other_users_cannot_enter_is_named(tmp_path: Path) -> None:
    closed, program = tmp_path / "closed", Path("/bin/true")
    closed.mkdir()
    settings_file = closed / "cairn.toml"
    settings_file.touch()
    closed.chmod(0o750)
    unit = replace(UNIT, settings_file=settings_file, readable=(), program=program)
    with pytest.raises(BadServicePathError, match=r"chmod o\+rX /"):
        unit.check_access()
    with pytest.raises(BadServicePathError, match="No such file"):
        replace(unit, settings_file=Path("/etc/passwd"), readable=(Path("/srv/nothing-here"),)).check_access()
