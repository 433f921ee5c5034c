"""A name that leads elsewhere, and an invitation that leads nowhere, are found."""

import socket

import pytest

from admin.doctor.findings import Level
from admin.doctor.names import check_link, check_name


def unknown(*_: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_of_this_machine_is_fine() -> None:
    assert check_name("localhost", frozenset()).level is Level.OK


def test_a_name_without_an_address_is_told_with_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = check_name("castle", frozenset())
    assert found.level is Level.WARNING
    assert found.found == "the name castle does not resolve (Name or service not known)"
    assert "/etc/hosts" in found.advice


def test_a_name_of_another_machine_is_told_with_its_address() -> None:
    assert check_name("203.0.113.9", frozenset({"203.0.113.9"})).level is Level.OK
    found = check_name("203.0.113.9", frozenset({"192.168.7.7"}))
    assert found.found == "the name 203.0.113.9 leads to 203.0.113.9, which is not this machine"


def test_what_invitations_name_must_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_link("192.168.7.7", 8080).found == "invitations name 192.168.7.7:8080"
    assert check_link("127.0.0.1", 8080).found == "the page is for this machine alone, at 127.0.0.1:8080"
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    wrong = check_link("cairn.example", 8080)
    assert wrong.level is Level.WARNING
    assert wrong.found == "invitations name cairn.example, which does not resolve (Name or service not known)"
    assert "invite with `--host " in wrong.advice
