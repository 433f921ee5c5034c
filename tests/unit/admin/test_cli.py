"""`cairn doctor`, `status` and `open` of a system that does not run: what they print, and how they end."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from admin.cli import audit_app, init_app, open_app, status_app, up_app
from admin.doctor.cli import app as doctor_app
from admin.installation import Installation
from broker.config import BadSettingsError


def test_doctor_prints_a_line_or_a_row_for_each_finding_and_ends_with_1(installation: Installation) -> None:
    folder = str(installation.system.folder)
    lines = CliRunner().invoke(doctor_app, ["--folder", folder])
    assert lines.exit_code == 1
    assert lines.stdout.splitlines()[-1] == (
        "fault    broker         the broker does not run. To do: start the system: `cairn up`"
    )
    rows = json.loads(CliRunner().invoke(doctor_app, ["--folder", folder, "--json"]).stdout)
    assert (rows["folder"], rows["is_fine"]) == (folder, False)
    assert len(rows["findings"]) == len(lines.stdout.splitlines())


def test_doctor_of_an_empty_folder_says_how_to_begin(installation: Installation) -> None:
    empty = installation.system.folder / "empty"
    empty.mkdir()
    done = CliRunner().invoke(doctor_app, ["--folder", str(empty)])
    assert done.exit_code == 1
    assert "is not set up: run `cairn init PROJECT` first" in done.stdout
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("app", [up_app, open_app, status_app, audit_app])
def test_the_folder_of_a_rig_is_no_system(app: Typer, installation: Installation) -> None:
    rig = installation.system.folder / "rig"
    rig.mkdir()
    (rig / "cairn.toml").write_text('[edge]\nproject = "chapel"\n')
    done = CliRunner().invoke(app, ["--folder", str(rig)])
    assert isinstance(done.exception, BadSettingsError)
    assert done.exception.sentence == f"{rig} is not set up: run `cairn init PROJECT` first"
    assert list(rig.iterdir()) == [rig / "cairn.toml"]


def test_status_names_what_is_down_and_ends_with_1(installation: Installation) -> None:
    done = CliRunner().invoke(status_app, ["--folder", str(installation.system.folder)])
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "broker         down: `cairn up`",
        "reconstructor  unknown: no broker",
        "page           down: `cairn up`",
    ]


def test_init_says_that_a_running_system_must_start_again_for_its_new_settings(installation: Installation) -> None:
    words = ["chapel", "--folder", str(installation.system.folder)]
    assert "settings     changed" not in CliRunner().invoke(init_app, words).stdout
    assert "settings     changed" not in CliRunner().invoke(init_app, ["castle", *words[1:]]).stdout
    done = CliRunner().invoke(init_app, [*words, "--tls"])
    assert done.stdout.splitlines()[-1] == "settings     changed: if it runs, end `cairn up` and start it again"
    assert "settings     changed" not in CliRunner().invoke(init_app, [*words, "--tls"]).stdout


def test_init_names_no_port_for_rigs_where_none_is(installation: Installation) -> None:
    file = installation.system.settings_file
    text = "".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith("tls_port"))
    file.write_text(text)
    said = CliRunner().invoke(init_app, ["chapel", "--folder", str(installation.system.folder)]).stdout
    page = installation.viewer.port
    assert f"firewall     sudo ufw allow {page}/tcp\n" in said
    assert "None" not in said


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was opened with; a terminal without a screen at first."""
    addresses: list[str] = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


def test_open_prints_the_address_and_opens_a_browser_where_there_is_a_screen(
    installation: Installation, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["chapel", "--folder", str(installation.system.folder)]
    elsewhere = f"http://{installation.public_host}:{installation.viewer.port}/?project=chapel\n"
    assert CliRunner().invoke(open_app, words).stdout == elsewhere
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    here = CliRunner().invoke(open_app, words).stdout
    assert here == f"http://127.0.0.1:{installation.viewer.port}/?project=chapel\n"
    assert opened == [here.strip()]
    assert CliRunner().invoke(open_app, words[1:]).stdout.endswith(f":{installation.viewer.port}/\n")


def test_open_of_an_unknown_project_names_the_known_ones(installation: Installation, opened: list[str]) -> None:
    done = CliRunner().invoke(open_app, ["castle", "--folder", str(installation.system.folder)])
    assert isinstance(done.exception, BadSettingsError)
    assert "it is one of chapel" in str(done.exception)
    assert opened == []
