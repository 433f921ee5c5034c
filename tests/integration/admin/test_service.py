"""A system as services: units that systemd takes, users that read their own files only, and steps that can be repeated."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.cli import init_app
from admin.service import install_system
from admin.system import Ports, System
from broker.accounts.access import User
from broker.accounts.keeper import Keeper
from broker.ids import ExportFormat, ProjectId
from broker.service.install import ServiceTakenError
from broker.service.units import BadServicePathError
from edge_agent import cli as edge_cli
from edge_agent.service import install_rig
from reconstructor.exports.folder import ExportFolder

ROOT = Path(__file__).parents[3]
NUMBERS = {
    "mosquitto": 61_105,
    "cairn-broker": 61_101,
    "cairn-page": 61_102,
    "cairn-reconstructor": 61_103,
    "cairn-edge": 61_104,
}
MOST_EXPOSURE = 2.0
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files over")


@pytest.fixture
def system(open_folder: Path) -> System:
    system = System(open_folder / "chapel")
    system.folder.mkdir()
    system.add_project(ProjectId("chapel"), Ports(mqtt=1883, tls=8883, page=8080))
    return system


class Steps:
    """Stands in for the machine's commands: files get numbers as owners, the rest is written down."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, words: Sequence[str]) -> None:
        if words[0] in {"chown", "chmod"}:
            if os.geteuid() == 0:
                subprocess.run([_numbered(word) for word in words], check=True)
        else:
            self.done.append(" ".join(words))


def _numbered(word: str) -> str:
    for name, number in NUMBERS.items():
        word = word.replace(name, str(number))
    return word


def units_below(root: Path) -> list[Path]:
    return sorted((root / "etc/systemd/system").glob("*.service"))


def exposure(unit: Path) -> float:
    """What systemd-analyze says about a unit and the drop-ins beside it."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{unit.parent}:"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.rpartition("exposure level for")[2].split()[1])


def complaints(units: list[Path]) -> str:
    """What systemd-analyze has to say against units and their drop-ins."""
    done = subprocess.run(["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, check=False)
    return done.stderr + ("" if done.returncode == 0 else f"exit code {done.returncode}")


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Be another user while the block runs."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NUMBERS[name])
    os.seteuid(NUMBERS[name])
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def ask(path: Path) -> bytes:
    """Say something to the keeper that is no request, and read on until it hangs up."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"{}\n")
        answer = b""
        while part := client.recv(4096):
            answer += part
        return answer


def test_units_of_a_system_are_clean_and_little_exposed(system: System, open_folder: Path) -> None:
    install_system(system, run=Steps(), root=open_folder)
    units = units_below(open_folder)
    assert [unit.stem for unit in units] == ["cairn-broker", "cairn-page", "cairn-reconstructor", "cairn-renew"]
    assert complaints([*units, open_folder / "etc/systemd/system/cairn-renew.timer"]) == ""
    assert max(exposure(unit) for unit in units) <= MOST_EXPOSURE
    for drop_in in ("gpu", "black-box"):
        folder = open_folder / "etc/systemd/system/cairn-reconstructor.service.d"
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / f"deploy/cairn-reconstructor-{drop_in}.conf", folder / f"{drop_in}.conf")
    assert complaints(units) == ""
    reconstructor = next(unit for unit in units if unit.stem == "cairn-reconstructor")
    assert exposure(reconstructor) <= MOST_EXPOSURE
    users = sorted(path.read_text() for path in (open_folder / "etc/sysusers.d").iterdir())
    assert users[0] == 'u cairn-broker - "cairn broker"\n'


def test_installing_again_restarts_nothing(system: System, open_folder: Path) -> None:
    first, again, after_change = Steps(), Steps(), Steps()
    install_system(system, run=first, root=open_folder)
    names = "cairn-renew.timer cairn-broker.service cairn-reconstructor.service cairn-page.service"
    assert first.done[-4:] == [
        "systemctl daemon-reload",
        f"systemctl enable {names}",
        f"systemctl restart {names}",
        f"systemctl start {names}",
    ]
    install_system(system, run=again, root=open_folder)
    assert not [step for step in again.done if "restart" in step]
    (open_folder / "etc/systemd/system/cairn-page.service").write_text(
        (open_folder / "etc/systemd/system/cairn-page.service").read_text() + "# changed by hand\n"
    )
    install_system(system, run=after_change, root=open_folder)
    assert "systemctl restart cairn-page.service" in after_change.done


def test_changed_settings_restart_what_runs(system: System, open_folder: Path) -> None:
    steps = Steps()
    install_system(system, run=Steps(), root=open_folder)
    install_system(system, run=steps, root=open_folder, is_changed=True)
    assert [step for step in steps.done if step.startswith("systemctl restart ")] == [
        "systemctl restart cairn-renew.timer cairn-broker.service cairn-reconstructor.service cairn-page.service"
    ]


def test_shards_of_the_page_are_no_memory_of_its_service(system: System, open_folder: Path) -> None:
    install_system(system, run=Steps(), root=open_folder)
    lines = (open_folder / "etc/systemd/system/cairn-page.service").read_text().splitlines()
    assert {"CacheDirectory=cairn-page", "Environment=TMPDIR=%C/cairn-page"} <= set(lines)


def test_photographs_on_another_disk_are_written_there_and_waited_for(system: System, open_folder: Path) -> None:
    large = open_folder / "large/photographs"
    text = system.settings_file.read_text()
    system.settings_file.write_text(text.replace(str(system.data / "reconstructor"), str(large)))
    install_system(system, run=Steps(), root=open_folder)
    lines = (open_folder / "etc/systemd/system/cairn-reconstructor.service").read_text().splitlines()
    assert f"BindPaths={large}" in lines
    assert f"BindPaths={system.data / 'reconstructor'}" not in lines
    assert f"RequiresMountsFor={system.folder} {large} {system.exports}" in lines
    if os.geteuid() == 0:
        assert large.stat().st_uid == NUMBERS["cairn-reconstructor"]


@pytest.mark.parametrize("folder", ["data", ".", "/"])
def test_no_program_gets_the_files_of_the_others(system: System, open_folder: Path, folder: str) -> None:
    text = system.settings_file.read_text()
    system.settings_file.write_text(text.replace(str(system.data / "reconstructor"), folder))
    steps = Steps()
    with pytest.raises(BadServicePathError, match=r"reconstructor\.data_dir is /.*: name one of its own"):
        install_system(system, run=steps, root=open_folder)
    assert steps.done == []


def test_a_folder_that_services_cannot_read_is_named_and_nothing_is_handed_over(
    system: System, open_folder: Path
) -> None:
    system.folder.chmod(0o700)
    before = system.data.stat()
    with pytest.raises(BadServicePathError, match=r"chmod o\+rX"):
        install_system(system, run=Steps(), root=open_folder)
    after = system.data.stat()
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert units_below(open_folder) == []


def test_services_with_debians_mosquitto_run_as_its_user(system: System, open_folder: Path) -> None:
    text = system.settings_file.read_text().replace("[broker]", '[broker]\nsystem_folder = "/etc/mosquitto"')
    system.settings_file.write_text(text)
    install_system(system, run=Steps(), root=open_folder)
    unit = open_folder / "etc/systemd/system/cairn-broker.service"
    assert {"User=mosquitto", "BindPaths=/etc/mosquitto/cairn"} <= set(unit.read_text().splitlines())
    assert "/cairn broker keep\n" in unit.read_text()
    assert exposure(unit) <= MOST_EXPOSURE
    assert not (open_folder / "etc/sysusers.d/mosquitto.conf").exists()


def test_services_of_another_folder_are_left_alone(system: System, open_folder: Path) -> None:
    install_system(system, run=Steps(), root=open_folder)
    before = [unit.read_text() for unit in units_below(open_folder)]
    other, steps = System(open_folder / "castle"), Steps()
    other.folder.mkdir()
    other.add_project(ProjectId("castle"), Ports(mqtt=1884, tls=8884, page=8081))
    with pytest.raises(ServiceTakenError, match=r"cairn-renew\.service is there already, for .*/chapel/cairn\.toml"):
        install_system(other, run=steps, root=open_folder)
    assert steps.done == []
    assert [unit.read_text() for unit in units_below(open_folder)] == before


@needs_root
def test_a_page_that_speaks_tls_reads_the_key_of_the_broker(system: System, open_folder: Path) -> None:
    asyncio.run(asyncio.to_thread(int))
    settings = system.settings_file.read_text()
    system.settings_file.write_text(settings.replace("[viewer]", f'[viewer]\ncertificate = "{system.tls.certificate}"'))
    install_system(system, run=Steps(), root=open_folder)
    for _ in range(2):
        with acting_as("cairn-page"):
            assert system.tls.key.read_text().startswith("-----BEGIN PRIVATE KEY")
            assert not os.access(system.tls.folder / "ca.key", os.R_OK, effective_ids=True)
        with acting_as("cairn-reconstructor"):
            assert not os.access(system.tls.key, os.R_OK, effective_ids=True)
        system.tls.certificate.unlink()
        assert system.tls.ensure(frozenset({"localhost"}))  # and the same after a renewal


@needs_root
def test_each_user_reads_its_own_files_only(system: System, open_folder: Path) -> None:
    asyncio.run(asyncio.to_thread(int))  # imports what another user might not be able to read
    install_system(system, run=Steps(), root=open_folder)
    books, tls = system.data / "broker/users.json", system.tls
    (system.data / "reconstructor/chapel").mkdir()
    own = {
        "cairn-broker": {books, tls.key},
        "cairn-page": {system.password_file("page")},
        "cairn-reconstructor": {system.password_file("reconstructor")},
    }
    secrets = {path for paths in own.values() for path in paths} | {system.password_file("ops"), tls.folder / "ca.key"}
    own["cairn-broker"].add(tls.folder / "ca.key")  # it renews its certificate
    tls.certificate.unlink()
    tls.ensure(frozenset({"localhost"}))  # as root
    for user, readable in own.items():
        with acting_as(user):
            found = {path for path in secrets if os.access(path, os.R_OK, effective_ids=True)}
            assert found == readable, user
            assert system.settings()["broker"]["port"] == 1883
            assert tls.authority.read_text().startswith("-----BEGIN CERTIFICATE")
            may_list = os.access(system.data / "reconstructor", os.R_OK, effective_ids=True)
            assert may_list == (user == "cairn-reconstructor")
    # A command line of root changes accounts, and the broker's program still reads them.
    system.book.add(User.build("anna", "viewer", ["chapel"]))
    keeper = Keeper(data_dir=system.data / "broker", root="cairn/v1", port=8883)
    keepers_socket = Path(system.settings()["viewer"]["keeper_socket"])
    with ExitStack() as stack:
        with acting_as("cairn-broker"):
            assert "anna" in {str(user.name) for user in system.book.users()}
            stack.enter_context(keeper.listening())
        with acting_as("cairn-page"):
            assert b"bad_request" in ask(keepers_socket)
        with acting_as("cairn-reconstructor"), pytest.raises(PermissionError):
            ask(keepers_socket)


@needs_root
def test_the_page_reads_what_the_reconstructor_exports_and_nobody_else_does(system: System, open_folder: Path) -> None:
    install_system(system, run=Steps(), root=open_folder)
    folder = ExportFolder(path=Path(system.settings()["reconstructor"]["export_dir"]), project=ProjectId("chapel"))
    assert system.settings()["viewer"]["export_dir"] == str(folder.path) == str(system.exports)
    before = os.umask(0o077)
    try:
        with acting_as("cairn-reconstructor"), folder.part(0) as part:
            (part / "chapel.ply").write_bytes(b"points")
            name = folder.finish(part / "chapel.ply", ExportFormat.PLY)
    finally:
        os.umask(before)
    with acting_as("cairn-page"):
        assert (folder.path / name).read_bytes() == b"points"
        assert not os.access(folder.path, os.W_OK, effective_ids=True)
        assert not os.access(folder.path / name, os.W_OK, effective_ids=True)
    with acting_as("cairn-broker"), pytest.raises(PermissionError):
        (folder.path / name).read_bytes()


def test_a_rig_is_one_unit_that_reads_what_join_wrote(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, steps = open_folder / "rig", Steps()
    (rig / "photos").mkdir(parents=True)
    (rig / "rig-1.password").write_text("secret\n")
    (rig / "cairn.toml").write_text(
        f'[edge]\nproject = "chapel"\nagent = "rig-1"\ncamera = "watch"\nfolder = "{rig}/photos"\n'
        f'[edge.broker]\nusername = "rig-1"\npassword_file = "{rig}/rig-1.password"\n'
    )
    monkeypatch.setenv("CAIRN_SETTINGS", "")  # put back after the test: the installation sets it
    assert install_rig(rig / "cairn.toml", run=steps, root=open_folder) == "cairn-edge"
    (unit,) = units_below(open_folder)
    assert complaints([unit]) == ""
    assert exposure(unit) <= MOST_EXPOSURE
    text = unit.read_text()
    assert f"Environment=CAIRN_SETTINGS={rig}/cairn.toml\n" in text
    assert f"BindPaths={rig}/data/rig\n" in text
    assert "WatchdogSec=60" in text
    assert "TimeoutStartSec=1h" in text
    assert steps.done[-1] == "systemctl start cairn-edge.service"
    if os.geteuid() == 0:
        assert (rig / "rig-1.password").stat().st_uid == NUMBERS["cairn-edge"]


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (init_app, ["chapel", "--service"]),
        (edge_cli.app, ["join", "http://192.0.2.1:8080/#invite=x", "--service"]),
        (edge_cli.app, ["service"]),
    ],
)
def test_without_root_one_line_says_how_and_nothing_is_done(
    app: object, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.argv", ["/anywhere/cairn", "word", *words])
    done = CliRunner().invoke(app, words)  # type: ignore[arg-type]
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert done.output.startswith("sudo /")
    assert "/cairn word " in done.output
    assert list(tmp_path.iterdir()) == []
