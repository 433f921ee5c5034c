"""What `cairn init` writes: once, again, for a second project, and beside what people changed."""

import socket
import threading
import time
from pathlib import Path

import pytest

from admin.invite import public_address
from admin.system import Ports, System, free_port_from
from broker.config import BadSettingsError
from broker.ids import ProjectId
from broker.settings import Settings as BrokerSettings
from reconstructor.config import Settings as ReconstructorSettings
from viewer.config import Settings as ViewerSettings

PORTS = Ports(mqtt=1883, tls=8883, page=8080)
CHAPEL, CASTLE = ProjectId("chapel"), ProjectId("castle")


def test_every_program_reads_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    monkeypatch.setenv("CAIRN_SETTINGS", str(system.settings_file))
    plan = BrokerSettings.load().plan()
    assert (plan.host, plan.port, plan.tls_port, plan.certificate) == (
        "127.0.0.1",
        1883,
        8883,
        system.tls.certificate,
    )
    for settings in (ReconstructorSettings.load(), ViewerSettings.load()):
        assert settings.projects == (CHAPEL,)
        assert len(settings.broker.secret() or "") > 20
    assert ViewerSettings.load().host == "0.0.0.0"  # noqa: S104
    assert {str(user.name): str(user.role) for user in system.book.users()} == {
        "ops": "operator",
        "page": "viewer",
        "reconstructor": "reconstructor",
    }


def test_a_system_for_this_machine_alone_opens_nothing_and_makes_no_keys(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, Ports(mqtt=1883, tls=None, page=8080))
    assert system.settings()["viewer"]["host"] == "127.0.0.1"
    assert "tls_port" not in system.settings()["broker"]
    assert not system.tls.folder.exists()


def test_a_second_project_joins_and_nothing_else_changes(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    text = system.settings_file.read_text().replace("port = 8080", "port = 80  # the porter's rule")
    system.settings_file.write_text(text)
    password = system.password_file("page").read_text()
    system.add_project(CASTLE, Ports(mqtt=1, tls=2, page=3))
    system.add_project(CASTLE, Ports(mqtt=1, tls=2, page=3))
    assert system.settings_file.read_text() == text.replace('["chapel"]', '["chapel", "castle"]')
    assert system.password_file("page").read_text() == password
    assert {user.projects for user in system.book.users()} == {(CHAPEL, CASTLE)}


def test_a_system_keeps_its_ports_while_they_are_taken_by_itself(tmp_path: Path) -> None:
    system = System(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = Ports(mqtt=taken.getsockname()[1], tls=8883, page=8080)
        system.add_project(CHAPEL, ports)
        assert system.ports(is_open=True) == ports


def test_a_closed_system_stays_closed_when_a_project_joins(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, Ports(mqtt=1883, tls=None, page=8080))
    assert system.ports(is_open=True).tls is None
    system.add_project(CASTLE, system.ports(is_open=True))
    assert "tls_port" not in system.settings()["broker"]


def test_a_project_is_known_once_it_is_set_up(tmp_path: Path) -> None:
    system = System(tmp_path)
    assert not system.has_project(CHAPEL)
    system.add_project(CHAPEL, PORTS)
    assert system.has_project(CHAPEL)
    assert not system.has_project(CASTLE)


def test_the_data_are_for_their_owner_only(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    assert system.data.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(BadSettingsError, match=r"cannot write .*data"):
        System(tmp_path).add_project(CHAPEL, PORTS)
    assert not (tmp_path / "cairn.toml").exists()


@pytest.mark.parametrize("name", ["größe.local", "http://server", "server:8080", "two words", "a..b", "x" * 64])
def test_a_name_that_no_machine_has_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSettingsError, match="is no name or address of a machine"):
        System(tmp_path).add_project(CHAPEL, PORTS, [name])
    assert list(tmp_path.iterdir()) == []


def test_two_that_set_up_at_once_lose_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    projects = [ProjectId(f"tower-{number}") for number in range(6)]
    opening = System._open_accounts

    def slowly(self: System, project: ProjectId) -> None:
        opening(self, project)
        time.sleep(0.05)

    monkeypatch.setattr(System, "_open_accounts", slowly)
    threads = [threading.Thread(target=system.add_project, args=(each, PORTS)) for each in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(system.settings()["viewer"]["projects"]) == sorted([CHAPEL, *projects])


def test_a_lost_password_is_renewed(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    before = system.book.accounts()
    system.password_file("ops").unlink()
    system.add_project(CHAPEL, PORTS)
    changed = [old.user.name for old, new in zip(before, system.book.accounts(), strict=True) if old != new]
    assert changed == ["ops"]
    assert system.password_file("ops").exists()


def test_a_damaged_settings_file_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / "cairn.toml").write_text("[broker")
    with pytest.raises(BadSettingsError, match=r"cairn\.toml"):
        System(tmp_path).add_project(CHAPEL, PORTS)
    assert (tmp_path / "cairn.toml").read_text() == "[broker"


def test_a_port_that_is_taken_is_left_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port_from(port) > port


def test_a_name_that_the_machine_does_not_know_is_in_its_certificate_and_in_invitations(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    system.add_project(CASTLE, PORTS, ["server.example.org"])
    system.add_project(CASTLE, PORTS, ["server.example.org"])
    assert system.settings()["broker"]["names"] == ["server.example.org"]
    assert system.settings()["viewer"]["hosts"] == ["server.example.org"]  # the page answers to no other name
    assert not system.tls.ensure(frozenset({"server.example.org", "localhost"}))
    assert public_address(system) == "server.example.org"


def test_the_page_gets_the_certificate_of_the_system_when_asked_for_and_keeps_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, PORTS)
    monkeypatch.setenv("CAIRN_SETTINGS", str(system.settings_file))
    assert ViewerSettings.load().certificate is None
    with_tls = Ports(mqtt=1883, tls=8883, page=8080, is_page_tls=True)
    system.add_project(CHAPEL, with_tls)
    settings = ViewerSettings.load()
    assert (settings.certificate, settings.key) == (system.tls.certificate, system.tls.key)
    assert settings.authority == system.tls.authority
    system.settings_file.write_text(system.settings_file.read_text().replace("server.pem", "public.pem"))
    system.add_project(CASTLE, with_tls)
    assert ViewerSettings.load().certificate == system.tls.folder / "public.pem"


def test_the_certificate_is_renewed_only_where_the_settings_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = System(tmp_path)
    system.add_project(CHAPEL, Ports(mqtt=1883, tls=None, page=8080))
    assert not system.renew_certificate()
    assert not system.tls.folder.exists()
    system.add_project(CHAPEL, Ports(mqtt=1883, tls=None, page=8080, is_page_tls=True))
    assert not system.renew_certificate()
    monkeypatch.setattr("admin.system.machine_names", lambda: frozenset({"localhost", "10.9.8.7"}))
    assert system.renew_certificate()
    assert not system.renew_certificate()
