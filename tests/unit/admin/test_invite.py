"""Where an invitation's link leads, and who is not invited."""

import socket
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from admin.invite import invite_user, local_address
from admin.system import System
from broker.accounts.invitation_secret import BadInvitationError, Link
from broker.accounts.invitations import Invitations
from broker.channel import Role
from broker.config import BadSettingsError
from broker.projects.project_list import ProjectList


def invited(system: System, name: str, *, role: Role = Role.VIEWER, uses: int = 1, host: str | None = None) -> Link:
    return invite_user(system, name, role, None, lasts=timedelta(hours=1), uses=uses, host=host)


def changed(system: System, table: str, values: Mapping[str, Any]) -> None:
    document = ProjectList.read(system.settings_file)
    document.document[table].update(values)
    document.write()


@pytest.mark.parametrize(("name", "role"), [("ops", Role.OPERATOR), ("page", Role.VIEWER)])
def test_an_invitation_locks_no_program_of_the_system_out(system: System, name: str, role: Role) -> None:
    with pytest.raises(BadInvitationError, match=f"{name} is an account of this system, .*{name}.password"):
        invited(system, name, role=role)
    assert Invitations(system.data / "broker").all() == []
    assert invited(system, name, role=role, uses=2)  # these accounts get numbers


def test_a_rigs_folder_invites_nobody(system: System) -> None:
    rig = System(system.folder / "rig")
    rig.folder.mkdir()
    rig.settings_file.write_text('[edge]\nproject = "chapel"\n')
    with pytest.raises(BadSettingsError, match="rig is not set up: run `cairn init PROJECT` first"):
        invited(rig, "anna")


def test_a_link_leads_to_the_proxy_that_is_before_the_page(system: System) -> None:
    changed(system, "viewer", {"host": "127.0.0.1", "hosts": ["server.lan", "cairn.example.org"]})
    port = system.settings()["viewer"]["port"]
    assert invited(system, "anna").page == f"http://127.0.0.1:{port}/"
    changed(system, "viewer", {"trusted_proxies": ["127.0.0.1"]})
    link = invited(system, "anna")
    assert (link.page, link.host) == ("https://cairn.example.org/", "cairn.example.org")
    changed(system, "broker", {"names": ["public.example.org"]})
    assert invited(system, "anna").page == "https://public.example.org/"
    assert invited(system, "anna", host="cairn.example.org").page == "https://cairn.example.org/"


def test_a_host_that_is_an_address_of_a_page_is_refused(system: System) -> None:
    with pytest.raises(BadSettingsError, match="without http:// and port"):
        invited(system, "anna", host="http://192.168.1.5:8080")
    assert Invitations(system.data / "broker").all() == []


def test_an_interface_without_a_network_is_named_last(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        name: [SimpleNamespace(family=socket.AF_INET, address=address)]
        for name, address in (("lo", "127.0.0.1"), ("eth0", "169.254.7.7"), ("wlan0", "192.168.1.5"))
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)
    assert local_address() == "192.168.1.5"
    del found["wlan0"]
    assert local_address() == "169.254.7.7"
